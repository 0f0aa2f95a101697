// @ts-check
// Saved views: pages with their filters and range under a name, in a dialog of the navigation.
const obsvViews = (() => {
  const { el } = obsvDom;
  const { button } = obsvDialog;
  const MOST_NAME = '80';
  /** @typedef {{ id: number, name: string, path: string, saved_by: string }} SavedView */
  /** @typedef {{ done: string, undo?: () => void }} Done */

  /** A page as the app knows it; a relative range stays relative. @param {{ pathname: string, search: string }} at */
  const shown = ({ pathname, search }) => obsvRoot.inside(pathname) + search;

  /**
   * The address of a view for this browser; null if it would lead out of the app.
   * @param {string} path
   * @param {string} here
   */
  const target = (path, here) => {
    const [bare] = path.split(/[?#]/, 1);
    if (!bare.startsWith('/') || /\/\/|\\|\.\.|%/.test(bare)) return null;
    const found = new URL(obsvRoot.under(path), here);
    return found.origin === new URL(here).origin ? found.pathname + found.search : null;
  };

  /** A path and its query for people. @param {string} path */
  const told = (path) => {
    const [bare, query = ''] = path.split('?', 2);
    return [bare, ...Array.from(new URLSearchParams(query), ([name, value]) => `${name}=${value}`)].join('  ');
  };

  /** @param {unknown} error */
  const reason = (error) => (error instanceof Error ? error.message : String(error));

  /**
   * Changes something, and shows the list as it then is; a refusal is shown in the dialog.
   * @param {() => Promise<unknown>} act
   * @param {Done} done
   */
  const change = async (act, done) => {
    try {
      await act();
      await show(done);
    } catch (error) {
      obsvDom.write('views-done', '');
      obsvDom.write('views-said', reason(error));
    }
  };

  /** @param {string} name @param {string} path @param {string} done */
  const save = (name, path, done) => change(() => obsvApi.send('POST', 'views', { name, path }), { done });

  /**
   * A field for a name, with its button.
   * @param {string} label
   * @param {string} value
   * @param {(name: string) => void} act
   */
  const named = (label, value, act) => {
    const about = { 'aria-label': `${label}: name`, placeholder: 'Name', maxlength: MOST_NAME, value };
    const field = /** @type {HTMLInputElement} */ (el('input', { class: 'link-dialog-field', ...about }));
    field.addEventListener('keydown', (event) => event.key === 'Enter' && act(field.value));
    return el(
      'div',
      { class: 'link-dialog-act' },
      field,
      button(label, () => act(field.value)),
    );
  };

  /** A button that says of what to those who hear it. @param {string} label @param {string} of @param {() => void} act */
  const about = (label, of, act) => {
    const made = button(label, act);
    made.setAttribute('aria-label', `${label} ${of}`);
    return made;
  };

  /** @param {SavedView} view */
  const lead = ({ name, path }) => {
    const href = target(path, window.location.href);
    if (!href) return el('bdi', { class: 'saved-view-name' }, name);
    const made = el('a', { class: 'link saved-view-name', href }, el('bdi', {}, name));
    made.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      obsvDialog.close();
      window.dash_clientside.set_props('location', { href });
    });
    return made;
  };

  /** @param {SavedView} view @param {boolean} mayChange */
  const row = (view, mayChange) => {
    const { id, name, path } = view;
    const small = el('div', { class: 'saved-view-about', title: told(path) }, told(path), ` · ${view.saved_by}`);
    const item = el('li', { class: 'saved-view' }, el('div', { class: 'saved-view-lead' }, lead(view), small));
    if (!mayChange) return item;
    const rename = () => {
      const send = (/** @type {string} */ next) => obsvApi.send('POST', `views/${id}`, { name: next });
      item.replaceChildren(named('Rename', name, (next) => change(() => send(next), { done: `Renamed ${name}.` })));
      item.querySelector('input')?.select();
    };
    const undo = () => save(name, path, `Saved ${name} again.`);
    const remove = () => change(() => obsvApi.send('DELETE', `views/${id}`), { done: `Deleted ${name}.`, undo });
    item.append(about('Rename', name, rename), about('Delete', name, remove));
    return item;
  };

  /** @param {Done} [after] what was done before */
  const show = async ({ done, undo } = { done: '' }) => {
    const { views, may_change: mayChange } = await obsvApi.json('views');
    const path = shown(window.location);
    const list = el('ul', { class: 'saved-views' });
    list.append(...views.map((/** @type {SavedView} */ view) => row(view, mayChange)));
    obsvDialog.open(
      'Saved views',
      mayChange ? named('Save this view', '', (name) => save(name, path, `Saved ${name}.`)) : null,
      el('p', { class: 'link-dialog-said', id: 'views-said', role: 'alert' }),
      el(
        'p',
        { class: 'saved-views-done', id: 'views-done', role: 'status' },
        done,
        undo ? button('Undo', undo) : null,
      ),
      views.length ? list : el('p', { class: 'muted' }, 'None yet. A view is a page with its filters and time range.'),
    );
  };

  document.addEventListener('click', (event) => {
    if (obsvDom.around(event, '#views-open')) show().catch((error) => obsvDom.notice(reason(error), 'err'));
  });

  return { shown, target, told };
})();
