// @ts-check
// What every grid shares. A row that is opened lands in the store `<grid id>-open`.
const obsvGrid = (() => {
  let opened = 0;

  /** @param {string} id @returns {GridApi | null} */
  const api = (id) => {
    try {
      return window.dash_ag_grid.getApi(id);
    } catch {
      return null; // not drawn yet, or its library is not loaded
    }
  };

  /** The grid of the page, if it has one. */
  const shown = () => {
    const grid = document.querySelector('.grid-frame .grid');
    return grid ? api(grid.id) : null;
  };

  /** @param {GridApi} wanted */
  const idOf = (wanted) =>
    Array.from(document.querySelectorAll('.grid-frame .grid'), (grid) => grid.id).find((id) => api(id) === wanted);

  /**
   * @param {{ api: GridApi, data?: unknown }} params
   * @param {boolean} [byKey] whether Enter did it: the focus then follows into what opens
   */
  const openRow = (params, byKey = false) => {
    const id = idOf(params.api);
    if (!id || !params.data) return;
    // Selecting text in a cell is no click on the row.
    if (!byKey && String(window.getSelection())) return;
    opened += 1;
    window.dash_clientside.set_props(`${id}-open`, { data: { row: params.data, n: opened, byKey } });
  };

  Object.assign(window.dashAgGridFunctions, {
    openRow,
    localTime: obsvFormat.localTs,
    /** @param {string | null} ts */
    utcTime: (ts) => (ts ? `${ts} UTC` : ''),
    shortDuration: obsvFormat.duration,
    /** @param {string | null} text */
    firstLine: (text) => (text ? text.split('\n', 1)[0] : ''),
    /**
     * The value with the column at a place, of a row that is a call.
     * @param {{ data?: { named?: string[] } }} params
     * @param {number} at
     */
    valueAt: (params, at) => params.data?.named?.[at] ?? '',
    // Rows come in the order that was asked for; the grid must not sort them again.
    keepOrder: () => 0,
  });

  // A name too long for its cell loses its beginning: `…orders.place` still says what was called (parts.css).
  window.dashAgGridComponentFunctions.FromItsEnd = (/** @type {{ value: string }} */ { value }) =>
    window.React.createElement('bdi', { dir: 'ltr' }, value);

  return { api, openRow, shown };
})();
