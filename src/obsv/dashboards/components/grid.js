// What every grid shares. A row that is opened lands in the store `<grid id>-open`.
// A name too long for its cell loses its beginning: `…orders.place` still says what was called (parts.css).
window.dashAgGridComponentFunctions.FromItsEnd = ({ value }) => window.React.createElement('bdi', { dir: 'ltr' }, value);

(function (functions, shared) {
  let opened = 0;
  const idOf = function (api) {
    const found = Array.from(document.querySelectorAll('.grid-frame .grid')).find((grid) => {
      try { return window.dash_ag_grid.getApi(grid.id) === api; } catch (error) { return false; }
    });
    return found ? found.id : null;
  };

  shared.openRow = function (params) {
    const id = idOf(params.api);
    if (!id || !params.data) return;
    // Selecting text in a cell is no click on the row.
    if (String(window.getSelection())) return;
    opened += 1;
    window.dash_clientside.set_props(`${id}-open`, { data: { row: params.data, n: opened } });
  };
})(window.dashAgGridFunctions, window.obsv);
