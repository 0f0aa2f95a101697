// @ts-check
// Keys: / search, j k rows, Enter open, Esc close, g + letter pages, l live, t theme, ? help.
const obsvKeyboard = (() => {
  let waiting = false;
  // After `g` the next letter is a page's, however long it takes.
  const choosesPage = () => waiting;

  /** @param {string} selector @returns {HTMLElement[]} */
  const inSight = (selector) =>
    Array.from(/** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector))).filter(
      (one) => one.offsetParent,
    );

  /**
   * @param {GridApi} api
   * @param {number} step
   */
  const moveInGrid = (api, step) => {
    const focused = api.getFocusedCell();
    const count = api.getDisplayedRowCount();
    if (!count) return;
    const row = Math.min(count - 1, Math.max(0, focused ? focused.rowIndex + step : 0));
    const column = focused ? focused.column : api.getAllDisplayedColumns()[0];
    api.ensureIndexVisible(row);
    api.setFocusedCell(row, column);
    api.getDisplayedRowAtIndex(row)?.setSelected(true, true);
  };

  // Lists that are no grid: rows are the elements marked data-row, and links of the class row-link.
  /** @param {number} step */
  const moveInList = (step) => {
    const rows = inSight('[data-row], a.row-link');
    if (!rows.length) return;
    const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))].focus();
  };

  /** @param {number} step */
  const move = (step) => {
    const api = obsvGrid.shown();
    if (api) moveInGrid(api, step);
    else moveInList(step);
  };

  /** @param {KeyboardEvent} event */
  const open = (event) => {
    const api = obsvGrid.shown();
    const focused = api?.getFocusedCell();
    if (!api || !focused || !obsvDom.around(event, '.ag-root-wrapper')) return;
    const node = api.getDisplayedRowAtIndex(focused.rowIndex);
    if (node?.data) obsvGrid.openRow({ api, data: node.data }, true);
  };

  // A dialog closes itself, and only then what is below it.
  const close = () => {
    if (!document.querySelector('.mantine-Modal-content')) inSight('[data-close]').at(-1)?.click();
  };

  /** @param {string} letter */
  const goTo = (letter) =>
    inSight('.nav-entry')
      .find((entry) => entry.title.endsWith(`(g ${letter})`))
      ?.click();

  const focusSearch = () => {
    const field = /** @type {HTMLInputElement | null} */ (
      document.querySelector('[data-hotkey="/"] input, input[data-hotkey="/"]')
    );
    field?.focus();
    field?.select();
    return field !== null;
  };

  // A page without a search leads to the explorer's, unless something else is pressed meanwhile.
  const watch = new MutationObserver(() => {
    if (focusSearch()) watch.disconnect();
  });
  const search = () => {
    if (focusSearch()) return;
    watch.observe(document.body, { childList: true, subtree: true });
    goTo('e');
  };

  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const plain = {
    '/': (event) => {
      event.preventDefault();
      search();
    },
    j: () => move(1),
    k: () => move(-1),
    l: () => obsvDom.byId('explorer-live')?.click(),
    v: () => obsvDom.byId('views-open')?.click(),
    t: () => obsvDom.byId('theme-toggle')?.click(),
    '?': () => obsvDom.byId('help-open')?.click(),
    g: () => {
      waiting = true;
    },
    Enter: open,
  };

  document.addEventListener('keydown', (event) => {
    watch.disconnect();
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === 'Shift') return;
    if (event.key === 'Escape') {
      if (obsvDom.typing(event)) /** @type {HTMLElement} */ (event.target).blur();
      else close();
      return;
    }
    if (obsvDom.typing(event)) return;
    if (choosesPage() && event.key !== 'g') {
      waiting = false;
      goTo(event.key);
      return;
    }
    plain[event.key]?.(event);
  });

  document.addEventListener('pointerdown', () => {
    watch.disconnect();
    waiting = false;
  });

  return { choosesPage };
})();
