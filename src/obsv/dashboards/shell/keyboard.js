// Keys: / search, j k rows, Enter open, Esc close, g + letter pages, l live, t theme, ? help.
(function () {
  let waiting = 0;
  // After `g` the next letter is a page's.
  window.obsv.choosesPage = () => Date.now() - waiting < 1200;
  const typing = (target) => target.closest && target.closest('input, textarea, select, [contenteditable=true]');

  const gridApi = function () {
    const grid = document.querySelector('.grid-frame .grid');
    try { return grid && window.dash_ag_grid ? window.dash_ag_grid.getApi(grid.id) : null; } catch (error) { return null; }
  };

  const moveInGrid = function (api, step) {
    const focused = api.getFocusedCell();
    const count = api.getDisplayedRowCount();
    if (!count) return;
    const row = Math.min(count - 1, Math.max(0, focused ? focused.rowIndex + step : 0));
    const column = focused ? focused.column : api.getAllDisplayedColumns()[0];
    api.ensureIndexVisible(row);
    api.setFocusedCell(row, column);
    const node = api.getDisplayedRowAtIndex(row);
    if (node) node.setSelected(true, true);
  };

  // Lists that are no grid: rows are the elements marked data-row, and links of the class row-link.
  const moveInList = function (step) {
    const rows = Array.from(document.querySelectorAll('[data-row], a.row-link')).filter((row) => row.offsetParent);
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))].focus();
  };

  const move = function (step) {
    const api = gridApi();
    if (api) moveInGrid(api, step); else moveInList(step);
  };

  const open = function (event) {
    const api = gridApi();
    const focused = api && api.getFocusedCell();
    const inGrid = event.target.closest && event.target.closest('.ag-root-wrapper');
    if (!inGrid || !focused) return;
    const node = api.getDisplayedRowAtIndex(focused.rowIndex);
    if (node && node.data) window.obsv.openRow({ api, node, data: node.data });
  };

  // A dialog closes itself, and only then what is below it.
  const close = function () {
    if (document.querySelector('.mantine-Modal-content')) return;
    const closers = Array.from(document.querySelectorAll('[data-close]')).filter((one) => one.offsetParent);
    if (closers.length) closers[closers.length - 1].click();
  };

  const goTo = function (letter) {
    const entry = Array.from(document.querySelectorAll('.nav-entry')).find((one) => one.title.endsWith(`(g ${letter})`));
    if (entry) entry.click();
  };

  const focusSearch = function () {
    const field = document.querySelector('[data-hotkey="/"] input, input[data-hotkey="/"]');
    if (field) { field.focus(); field.select(); }
    return Boolean(field);
  };

  // A page without a search leads to the explorer's.
  const search = function () {
    if (focusSearch()) return;
    const watch = new MutationObserver(() => { if (focusSearch()) watch.disconnect(); });
    watch.observe(document.body, { childList: true, subtree: true });
    setTimeout(() => watch.disconnect(), 5000);
    goTo('e');
  };

  const plain = {
    '/': (event) => { event.preventDefault(); search(); },
    j: () => move(1),
    k: () => move(-1),
    l: () => { const live = document.getElementById('explorer-live'); if (live) live.click(); },
    t: () => document.getElementById('theme-toggle').click(),
    '?': () => document.getElementById('help-open').click(),
    g: () => { waiting = Date.now(); },
  };

  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      if (typing(event.target)) event.target.blur(); else close();
      return;
    }
    if (typing(event.target)) return;
    if (window.obsv.choosesPage() && event.key !== 'g') {
      waiting = 0;
      goTo(event.key);
      return;
    }
    if (event.key === 'Enter') open(event);
    else if (plain[event.key]) plain[event.key](event);
  });
})();
