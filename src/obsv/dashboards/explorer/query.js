// @ts-check
// The query box: completions of what is typed, and terms that are added by a click on a value.
const obsvQuery = (() => {
  const BOX = 'explorer-q';
  const TYPING_MS = 120;
  const TERM =
    /-?(?:(?:[A-Za-z_][\w.-]*|"(?:[^"\\]|\\.)*")(?:!=|>=|<=|=|:|>|<))?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\S+)/g;
  const NAMES = ['process', 'group', 'service', 'has', 'error', 'thread', 'file', 'trace', 'status', 'duration'];

  /** A text as a value of a query: in quotes where it needs them. @param {string} text */
  const quoted = (text) =>
    text && !/[\s"'\\]/.test(text) && text.toLowerCase() !== 'or'
      ? text
      : `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;

  /**
   * A query with a comparison of a value added; the same and the opposite one are taken out.
   * @param {string} query
   * @param {string} name
   * @param {string} value
   * @param {boolean} negated
   */
  const withTerm = (query, name, value, negated) => {
    const plain = NAMES.includes(name) ? `value.${name}` : /^[A-Za-z_][\w.-]*$/.test(name) ? name : quoted(name);
    const [only, not] = [`${plain}=${quoted(value)}`, `${plain}!=${quoted(value)}`];
    const kept = (query.match(TERM) || []).filter((term) => term !== only && term !== not);
    return [...kept, negated ? not : only].join(' ');
  };

  const box = () => {
    const found = obsvDom.byId(BOX);
    return found instanceof HTMLInputElement ? found : null;
  };

  // As if it were typed: the component hears of nothing else.
  /** @param {HTMLInputElement} input @param {string} text */
  const type = (input, text) => {
    const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
    setter?.call(input, text);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };

  /** @typedef {{ start: number, insert: string, label: string, about: string }} Completion */
  /** @type {{ at: number, asked: number, muted: boolean, found: Completion[] }} */
  const state = { at: -1, asked: 0, muted: false, found: [] };
  const list = () => obsvDom.byId('query-list');
  const close = () => {
    list()?.remove();
    box()?.setAttribute('aria-expanded', 'false');
    state.at = -1;
    state.found = [];
  };

  /** @param {number} at */
  const mark = (at) => {
    state.at = at;
    const items = Array.from(list()?.children || []);
    items.forEach((item, number) => {
      item.setAttribute('aria-selected', String(number === at));
    });
    items[at]?.scrollIntoView({ block: 'nearest' });
    const input = box();
    if (at >= 0) input?.setAttribute('aria-activedescendant', `query-${at}`);
    else input?.removeAttribute('aria-activedescendant');
  };

  /** @param {number} at */
  const take = (at) => {
    const input = box();
    const chosen = state.found[at];
    if (!input || !chosen) return;
    const end = input.selectionStart ?? input.value.length;
    const rest = input.value.slice(end);
    const text = input.value.slice(0, chosen.start) + chosen.insert;
    close();
    // Behind a value the next term follows; behind an operator its value.
    const done = !/[=:<>]$/.test(chosen.insert);
    state.muted = done;
    type(input, text + (done && !rest ? ' ' : '') + rest);
    input.setSelectionRange(text.length + (done && !rest ? 1 : 0), text.length + (done && !rest ? 1 : 0));
  };

  /** @param {HTMLInputElement} input */
  const show = (input) => {
    const items = state.found.map((each, at) =>
      obsvDom.el(
        'li',
        { id: `query-${at}`, role: 'option', 'aria-selected': 'false' },
        obsvDom.el('span', { class: 'mono' }, each.label),
        obsvDom.el('span', { class: 'faint' }, each.about),
      ),
    );
    const made = obsvDom.el(
      'ul',
      { id: 'query-list', class: 'query-list', role: 'listbox', 'aria-label': 'Completions' },
      ...items,
    );
    const place = input.getBoundingClientRect();
    made.style.left = `${place.left}px`;
    made.style.top = `${place.bottom + 2}px`;
    made.style.minWidth = `${Math.min(place.width, 320)}px`;
    made.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      const item = obsvDom.around(event, 'li');
      if (item) take(Number(item.id.slice(6)));
    });
    list()?.remove();
    // Within the search's landmark.
    (input.closest('[role=search]') || document.body).append(made);
    input.setAttribute('role', 'combobox');
    input.setAttribute('aria-controls', 'query-list');
    input.setAttribute('aria-autocomplete', 'list');
    input.setAttribute('aria-expanded', 'true');
  };

  /** @param {HTMLInputElement} input */
  const ask = async (input) => {
    state.asked += 1;
    const mine = state.asked;
    await new Promise((resolve) => setTimeout(resolve, TYPING_MS));
    if (mine !== state.asked || document.activeElement !== input) return;
    const where = input.value.slice(0, input.selectionStart ?? undefined);
    const process = new URLSearchParams(window.location.search).get('process');
    const range = Object.fromEntries(
      ['range', 'from', 'to'].map((name) => [name, new URLSearchParams(window.location.search).get(name)]),
    );
    const found = await obsvApi.json('calls/completions', { where, process, ...range }).catch(() => []);
    if (mine !== state.asked || document.activeElement !== input) return;
    if (!found.length) {
      close();
      return;
    }
    state.found = found;
    state.at = -1;
    show(input);
  };

  document.addEventListener('input', (event) => {
    const input = box();
    if (event.target !== input || !input) return;
    const muted = state.muted;
    state.muted = false;
    if (muted) close();
    else ask(input);
  });
  document.addEventListener('focusout', (event) => {
    if (event.target === box()) close();
  });
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.target !== box()) return;
      const count = state.found.length;
      if (event.key === 'ArrowDown' && !list()) ask(/** @type {HTMLInputElement} */ (event.target));
      else if (event.key === 'ArrowDown' && count) mark((state.at + 1) % count);
      else if (event.key === 'ArrowUp' && count) mark((state.at > 0 ? state.at : count) - 1);
      else if ((event.key === 'Enter' || event.key === 'Tab') && state.at >= 0) take(state.at);
      else if (event.key === 'Escape' && list()) close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  // "Only this" and "not this" of a value: in the box where there is one, else in a new search.
  document.addEventListener('click', (event) => {
    const button = obsvDom.around(event, 'button[data-asked]');
    if (!button) return;
    const { asked = '', value = '', process = '', sign = '' } = button.dataset;
    const input = box();
    const where = withTerm(input?.value.trim() || '', asked, value, sign === 'not');
    if (input) type(input, where);
    else
      window.dash_clientside.set_props('location', {
        href: obsvRoot.under(`/explorer?${new URLSearchParams({ process, where })}`),
      });
  });

  return { quoted, withTerm };
})();
