// @ts-check
// Values beside the spans, where there is room: only rows in sight are asked for.
const obsvBeside = (() => {
  const ROOM = 1200; // px of the tree: below it, names and bars need all of it
  const WIDE = [
    { colId: 'values', hide: false, flex: 2.6 },
    { colId: 'time', flex: 4.4 }, // names keep their share
  ];
  const NARROW = [
    { colId: 'values', hide: true },
    { colId: 'time', flex: 7 },
  ];
  const MOST = 100; // spans of one request
  const view = () => obsvTrace.view;
  /** @typedef {{ inputs: string, outcome: string }} Brief */

  /** @type {Map<string, Brief | null>} by span, null while it is asked for */
  let known = new Map();
  let isWide = false;

  /** Ids of the rows in sight, and a few around, that are not known. */
  const missing = () => {
    const { api, data } = view();
    const [first, last] = [api.getFirstDisplayedRowIndex(), api.getLastDisplayedRowIndex()];
    /** @type {string[]} */
    const found = [];
    for (let at = Math.max(0, first); at <= last && found.length < MOST; at += 1) {
      const node = /** @type {{ data: { i: number } } | undefined} */ (api.getDisplayedRowAtIndex(at));
      const id = node && data.span_id[node.data.i];
      if (id && !known.has(id)) found.push(id);
    }
    return found;
  };

  const ask = async () => {
    if (!isWide || !view().data || view().api.isDestroyed()) return;
    const [mine, { trace_id }, spans] = [known, view().data, missing()];
    if (!spans.length) return;
    for (const id of spans) mine.set(id, null);
    try {
      const answer = await obsvApi.json(`traces/${trace_id}/values`, { spans: spans.join(',') });
      for (const [id, brief] of Object.entries(answer.spans)) mine.set(id, brief);
    } catch {
      for (const id of spans) mine.delete(id); // asked for again when they are next in sight
      return;
    }
    if (mine === known && !view().api.isDestroyed()) view().api.refreshCells({ columns: ['values'], force: true });
  };

  let timer = 0;
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 120);
  };

  /** @param {number} width of the tree; 0 while it is hidden */
  const fit = (width) => {
    if (!width || !view().api || view().api.isDestroyed()) return;
    if (isWide !== width >= ROOM) {
      isWide = !isWide;
      view().api.applyColumnState({ state: isWide ? WIDE : NARROW });
    }
    later();
  };

  const watch = new ResizeObserver((seen) => fit(seen[0].contentRect.width));

  /** A trace is loaded: its rows are in the grid. */
  const begin = () => {
    known = new Map();
    isWide = false;
    watch.disconnect();
    const grid = obsvDom.byId('trace-grid');
    if (grid) watch.observe(grid);
    for (const kind of ['viewportChanged', 'modelUpdated']) view().api.addEventListener(kind, later);
  };

  const h = (/** @type {any[]} */ ...args) => window.React.createElement(...args);
  window.dashAgGridComponentFunctions.TraceValues = (/** @type {{ data: { i: number } }} */ { data: { i: row } }) => {
    const brief = known.get(view().data.span_id[row]);
    if (!brief) return null;
    const failed = view().data.flags[row] & obsvTree.FLAG.error;
    const parts = [
      brief.inputs ? h('span', { key: 'i', className: 'tv-inputs' }, brief.inputs) : null,
      brief.outcome
        ? h('span', { key: 'o', className: failed ? 'tv-outcome tn-err' : 'tv-outcome' }, brief.outcome)
        : null,
    ];
    return h('div', { className: 'tv', title: `${brief.inputs}\n→ ${brief.outcome}` }, parts);
  };

  return { begin, fit };
})();
