// A grid as the app's scripts ask it: rows by key, transactions, focus, events. The real one stands in the browser tests.

/** @param {{ last?: number, key?: (row: any) => unknown }} [about] `last` is the last row in sight */
export const makeGrid = ({ last = 0, key = (row) => row.key } = {}) => {
  const listeners = new Map();
  const grid = {
    rows: [],
    options: {},
    last,
    columns: [],
    focused: null,
    visible: [],
    destroyed: false,
    refreshed: 0,
    shown: () => grid.rows.filter((data) => grid.options.doesExternalFilterPass?.({ data }) ?? true),
    node: (data) => ({
      data,
      rowIndex: grid.shown().indexOf(data),
      setSelected: (on) => {
        grid.selected = on ? data : null;
      },
    }),
    emit: (kind, event = {}) => {
      for (const act of listeners.get(kind) || []) act({ api: grid, ...event });
    },
  };
  return Object.assign(grid, {
    addEventListener: (kind, act) => listeners.set(kind, [...(listeners.get(kind) || []), act]),
    applyColumnState: ({ state }) => grid.columns.push(...state),
    applyTransaction: ({ add = [], addIndex, remove = [] }) => {
      grid.rows = grid.rows.filter((row) => !remove.includes(row));
      grid.rows.splice(addIndex ?? grid.rows.length, 0, ...add);
    },
    ensureIndexVisible: (at) => grid.visible.push(at),
    ensureNodeVisible: (node) => grid.visible.push(key(node.data)),
    getColumnState: () => grid.state || [],
    getDisplayedRowAtIndex: (at) => (grid.shown()[at] ? grid.node(grid.shown()[at]) : undefined),
    getFocusedCell: () => grid.focused,
    getLastDisplayedRowIndex: () => grid.last,
    getRowNode: (wanted) => {
      const found = grid.rows.find((row) => String(key(row)) === wanted);
      return found && grid.node(found);
    },
    getVerticalPixelRange: () => ({ top: grid.top || 0, bottom: 0 }),
    isDestroyed: () => grid.destroyed,
    onFilterChanged: () => {},
    refreshCells: () => {
      grid.refreshed += 1;
    },
    setFocusedCell: (rowIndex, column) => {
      grid.focused = { rowIndex, column };
    },
    setGridOption: (name, value) => {
      if (name === 'rowData') grid.rows = [...value];
      else grid.options[name] = value;
    },
  });
};
