// @ts-check
// "Copy link" and "Keep…": a dialog that has the link, says how long it leads somewhere, and keeps the trace.
const obsvShare = (() => {
  const { el } = obsvDom;
  const { button, close, open } = obsvDialog;
  /** Lengths of the presets, in seconds. @type {Record<string, number>} */
  const PRESETS = { '5m': 300, '1h': 3_600, '6h': 21_600, '24h': 86_400 };
  // What belongs to the one who looks, not to what is looked at.
  const OWN = ['live', 'range'];

  /**
   * An address that shows the same at any time: its range as times.
   * @param {string} href
   * @param {string} preset of an address without a range; '' for a page that has none
   * @param {number} now ms
   */
  const absolute = (href, preset, now) => {
    const address = new URL(href);
    const range = address.searchParams.get('range') || preset;
    const length = PRESETS[range];
    const from = address.searchParams.get('from');
    for (const name of OWN) address.searchParams.delete(name);
    if (from || length) {
      address.searchParams.set('from', from || new Date(now - length * 1_000).toISOString());
      if (!address.searchParams.get('to')) address.searchParams.set('to', new Date(now).toISOString());
    }
    return address.href;
  };

  /** How long what a link shows can be read. @param {string} trace @param {string} href */
  const lifetime = (trace, href) =>
    trace
      ? obsvApi.json(`traces/${trace}/lifetime`)
      : obsvApi.json('lifetime', { from: new URL(href).searchParams.get('from') });

  /** What a trace can be made to do: be kept with a note, or no longer. @param {string} trace @param {any} found */
  const keeping = (trace, found) => {
    if (!trace) return [];
    const said = el('p', { class: 'link-dialog-said', role: 'status' });
    /** @param {string} done @param {() => Promise<unknown>} act */
    const change = async (done, act) => {
      try {
        await act();
        close();
        obsvDom.notice(done);
        if (obsvDom.byId('kept-list')) window.dash_clientside.set_props('kept-changed', { data: Date.now() });
      } catch (error) {
        said.textContent = error instanceof Error ? error.message : String(error);
      }
    };
    if (found.kept_by !== null) {
      const remove = () => change('Kept no longer', () => obsvApi.send('DELETE', `kept/${trace}`));
      return [el('div', { class: 'link-dialog-act' }, button('Keep no longer', remove)), said];
    }
    const note = /** @type {HTMLInputElement} */ (
      el('input', {
        class: 'link-dialog-field',
        'aria-label': 'Note',
        placeholder: 'Note: why it is kept',
        maxlength: '2000',
      })
    );
    const keep = () =>
      change('Kept beyond retention', () => obsvApi.send('POST', 'kept', { trace_id: trace, note: note.value }));
    note.addEventListener('keydown', (event) => event.key === 'Enter' && keep());
    return [el('div', { class: 'link-dialog-act' }, note, button('Keep', keep)), said];
  };

  /** @param {string} trace @param {string} href */
  const told = async (trace, href) => {
    try {
      const found = await lifetime(trace, href);
      return [el('p', { class: 'link-dialog-lasts' }, found.text), ...keeping(trace, found)];
    } catch (error) {
      return [el('p', { class: 'link-dialog-lasts' }, error instanceof Error ? error.message : String(error))];
    }
  };

  /** @param {DOMStringMap} about */
  const share = async ({ share: trace = '', path, preset = '' }) => {
    const here = path ? new URL(obsvRoot.under(path), window.location.href).href : window.location.href;
    const href = absolute(here, preset, Date.now());
    await obsvDom.copy(href);
    const field = el('input', { class: 'link-dialog-field', readonly: '', value: href, 'aria-label': 'Link' });
    open('Link copied', field, ...(await told(trace, href)));
  };

  document.addEventListener('click', async (event) => {
    const shared = obsvDom.around(event, 'button[data-share]');
    if (shared) await share(shared.dataset);
    const kept = obsvDom.around(event, 'button[data-keep]');
    if (kept) open('Retention of this trace', ...(await told(kept.dataset.keep || '', window.location.href)));
  });

  return { absolute };
})();
