// @ts-check
// The trace page: one trace in memory, its rows in the grid; cells.js draws them, map.js what stands above.
const obsvTrace = (() => {
  const GRID = 'trace-grid';
  const SERIES = 8;
  const { byId } = obsvDom;
  const noUpdate = () => window.dash_clientside.no_update;

  const view = {
    data: /** @type {TraceData} */ (/** @type {unknown} */ (null)), // until the first one is loaded
    api: /** @type {GridApi} */ (/** @type {unknown} */ (null)),
    /** @type {Set<() => void>} */
    listeners: new Set(),
    folded: new Uint8Array(),
    hidden: new Uint8Array(),
    /** @type {Map<number, SiblingGroup>} */
    groups: new Map(),
    /** @type {Set<number>} */
    closed: new Set(), // groups of equal siblings that are one row, by their first
    /** @type {Uint8Array | null} */
    only: null,
    /** @type {Zoom} */
    zoom: [0, 1],
    /** @type {number[]} */
    hits: [],
    found: new Set(),
    at: -1,
    /** @type {Map<string, number>} */
    rows: new Map(),
    /** @type {Map<number, [number, number][]>} */
    segments: new Map(),
    /** @type {Map<string, number>} */
    colours: new Map(),
    byGroup: false,
    /** @type {number[]} */
    errors: [],
    error: -1,
  };

  // -- what is drawn -------------------------------------------------------------------------------------------------

  /** @param {number} row */
  const below = (row) => view.data.end[row] - row - 1;
  /** @param {number} row */
  const name = (row) => view.data.processes[view.data.process[row]][0];
  /** @param {number} row */
  const service = (row) => view.data.processes[view.data.process[row]][1];
  // Colours tell services apart; where there is but one, groups.
  /** @param {number} row */
  const owner = (row) => view.data.processes[view.data.process[row]][view.byGroup ? 2 : 1];
  /** @param {number} row */
  const series = (row) => /** @type {number} */ (view.colours.get(owner(row))) % SERIES;

  const refresh = () => {
    if (view.api && !view.api.isDestroyed()) view.api.refreshCells({ force: true });
    for (const listener of view.listeners) listener();
    obsvFlame.later();
  };

  const fold = () => {
    view.hidden = obsvTree.hidden(view.data.end, view.folded, view.only);
    // A view of some spans only has few of them.
    if (!view.only) obsvSiblings.hide(view.hidden, view.data.end, view.groups, view.closed);
    view.api.onFilterChanged();
    obsvFlame.changed();
  };

  /** @param {number} row */
  const toggle = (row) => {
    if (!below(row)) return;
    view.folded[row] = view.folded[row] ? 0 : 1;
    fold();
    refresh();
  };

  /** @param {number} lead */
  const toggleGroup = (lead) => {
    if (!view.closed.delete(lead)) view.closed.add(lead);
    fold();
    refresh();
  };

  /** @param {boolean} folded */
  const foldAll = (folded) => {
    view.closed = new Set(folded ? view.groups.keys() : []);
    for (let row = 0; row < view.folded.length; row += 1) {
      view.folded[row] = folded && view.data.depth[row] > 0 && below(row) ? 1 : 0;
    }
    fold();
    refresh();
  };

  /** @param {number} row */
  const unfoldTo = (row) => {
    const shut = obsvTree.above(view.data.parent, row).filter((up) => view.folded[up]);
    for (const up of shut) view.folded[up] = 0;
    const path = [row, ...obsvTree.above(view.data.parent, row)];
    const opened = view.hidden[row] ? obsvSiblings.around(path, view.groups, view.closed) : [];
    for (const lead of opened) view.closed.delete(lead);
    if (view.hidden[row]) for (const up of path.slice(1)) view.closed.delete(up);
    if (shut.length || view.hidden[row]) fold();
  };

  /** The row that is chosen, in either view. @returns {number | undefined} */
  const selected = () => /** @type {{ i: number }[]} */ (view.api.getSelectedRows())[0]?.i;

  /**
   * @param {number} row
   * @param {boolean} open
   * @param {boolean} [byKey]
   */
  const reveal = (row, open, byKey = false) => {
    if (view.only && !view.only[row]) setOnly(0);
    unfoldTo(row);
    const node = view.api.getRowNode(String(row));
    if (!node) return;
    node.setSelected(true, true);
    if (obsvFlame.isOn()) obsvFlame.select(row);
    else {
      view.api.ensureNodeVisible(node, 'middle');
      view.api.setFocusedCell(node.rowIndex, 'span');
    }
    if (open) obsvGrid.openRow({ api: view.api, data: node.data }, byKey);
    refresh();
  };

  // -- loading -------------------------------------------------------------------------------------------------------

  /** @param {TraceData} data */
  const setUp = (data) => {
    const size = data.span_id.length;
    Object.assign(view, {
      data,
      folded: new Uint8Array(size),
      hidden: new Uint8Array(size),
      only: null,
      groups: obsvSiblings.groups(data),
      closed: new Set(),
      zoom: [0, Math.max(1, data.length)],
      found: new Set(),
      hits: [],
      at: -1,
      rows: new Map(data.span_id.map((span, row) => [span, row])),
      segments: obsvTree.segments(data.critical),
      colours: new Map(),
      byGroup: new Set(data.processes.map((process) => process[1])).size < 2,
      errors: obsvTree.errors(data),
      error: -1,
    });
    view.closed = new Set(view.groups.keys());
    for (let row = 0; row < size; row += 1) {
      if (!view.colours.has(owner(row))) view.colours.set(owner(row), view.colours.size);
    }
  };

  /** @param {{ trace_id?: string, span?: string, q?: string } | null} about */
  const traceLoad = async (about) => {
    if (!about?.trace_id) return noUpdate();
    try {
      const [data, api] = await Promise.all([
        obsvApi.json(`traces/${about.trace_id}`, { around: about.span }),
        window.dash_ag_grid.getApiAsync(GRID),
      ]);
      view.api = api;
      setUp(data);
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
    const rows = view.data.span_id.map((id, row) => ({ i: row, id }));
    obsvSiblings.hide(view.hidden, view.data.end, view.groups, view.closed);
    view.api.setGridOption('isExternalFilterPresent', () => true);
    view.api.setGridOption(
      'doesExternalFilterPass',
      (/** @type {{ data: { i: number } }} */ node) => !view.hidden[node.data.i],
    );
    view.api.setGridOption('rowData', rows);
    obsvBeside.begin();
    obsvMap.describe();
    obsvMap.draw();
    refresh();
    obsvFlame.show(obsvAddress.get('view') === 'flame');
    const row = about.span ? view.rows.get(about.span) : undefined;
    // The grid takes its rows in a later turn, and would drop a selection made before.
    if (row !== undefined) setTimeout(() => reveal(row, true), 60);
    else if (about.q) find(about.q);
    return { spans: rows.length };
  };

  // Plain text columns are cheaper than rendered ones: a scroll of a page draws half as much.
  /** @typedef {{ data: { i: number } }} RowParams */
  Object.assign(window.dashAgGridFunctions, {
    traceTook: (/** @type {RowParams} */ { data }) => obsvFormat.duration(view.data.duration[data.i]),
    traceSelf: (/** @type {RowParams} */ { data }) => obsvFormat.duration(view.data.self[data.i]),
    traceIsShort: (/** @type {RowParams} */ { data }) => view.data.self[data.i] < view.data.length / 100,
  });

  /** @param {{ failed?: string } | null} loaded */
  const traceState = (loaded) => {
    const state = byId('trace-state');
    if (!state || !loaded) return noUpdate();
    state.hidden = !loaded.failed;
    state.textContent = loaded.failed || '';
    byId('trace-body')?.classList.remove('loading');
    return noUpdate();
  };

  // -- search and errors ---------------------------------------------------------------------------------------------

  const LONGEST = 200;
  let asked = 0;
  /** @param {string} text */
  const find = async (text) => {
    asked += 1;
    const mine = asked;
    obsvAddress.set({ q: text });
    if (!text) {
      setFound([]);
      return;
    }
    const hits = new Set(obsvTree.named(view.data, text));
    try {
      const found = await obsvApi.json(`traces/${view.data.trace_id}/search`, { q: text.slice(0, LONGEST) });
      for (const id of found.span_id) {
        const row = view.rows.get(id);
        if (row !== undefined) hits.add(row);
      }
    } catch (error) {
      obsvDom.notice(String(error), 'err');
    }
    if (mine === asked) setFound(Array.from(hits).sort((one, other) => one - other));
  };

  /** @param {number[]} rows */
  const setFound = (rows) => {
    view.hits = rows;
    view.found = new Set(rows);
    view.at = -1;
    const field = /** @type {HTMLInputElement | null} */ (byId('trace-search'));
    obsvDom.write('trace-found', field?.value ? `${obsvFormat.exact(rows.length)} found` : '');
    if (rows.length) step(1, false);
    else refresh();
  };

  /**
   * @param {number} by
   * @param {boolean} [focus]
   */
  const step = (by, focus = true) => {
    if (!view.data || !view.hits.length) return;
    view.at = (view.at + by + view.hits.length) % view.hits.length;
    obsvDom.write('trace-found', `${obsvFormat.exact(view.at + 1)} of ${obsvFormat.exact(view.hits.length)}`);
    const active = document.activeElement;
    reveal(view.hits[view.at], false);
    if (!focus && active instanceof HTMLElement) active.focus();
  };

  /** @param {string | null} text */
  const traceSearch = (text) => {
    if (view.data && byId('trace-search')) find((text || '').trim());
    return noUpdate();
  };

  const nextError = () => {
    if (!view.data || !view.errors.length) return;
    view.error = (view.error + 1) % view.errors.length;
    reveal(view.errors[view.error], true);
  };

  // Only spans that have a flag, and what led to them; 0 for all.
  /** @param {number} flag */
  const setOnly = (flag) => {
    view.only = flag ? obsvTree.only(view.data, flag) : null;
    byId('trace-only-path')?.setAttribute('aria-pressed', String(flag === obsvTree.FLAG.critical));
    fold();
    refresh();
  };

  /** @type {Record<string, () => void>} */
  const buttons = {
    'trace-error': nextError,
    'trace-fold': () => foldAll(true),
    'trace-unfold': () => foldAll(false),
    'trace-previous': () => step(-1),
    'trace-next': () => step(1),
    'trace-only-path': () => setOnly(view.only ? 0 : obsvTree.FLAG.critical),
    'trace-zoom-out': () => obsvMap.setZoom(0, view.data.length),
  };
  document.addEventListener('click', (event) => {
    const button = obsvDom.around(event, 'button[id^="trace-"]');
    if (button && view.data) buttons[button.id]?.();
  });

  /**
   * Left folds, or goes to the caller; right unfolds, or goes to the first call.
   * @param {number} row
   * @param {boolean} left
   */
  const walk = (row, left) => {
    const open = !view.folded[row] && below(row) > 0;
    if (view.groups.has(row) && view.closed.has(row) !== left && !view.folded[row] && !(left && open)) toggleGroup(row);
    else if (left ? open : view.folded[row]) toggle(row);
    else if (left && view.data.parent[row] >= 0) reveal(view.data.parent[row], false);
    else if (!left && open) reveal(row + 1, false);
  };

  /** @param {KeyboardEvent} event */
  const arrow = (event) => {
    const focused = obsvDom.around(event, `#${GRID}`) && view.api.getFocusedCell();
    const node = focused && view.api.getDisplayedRowAtIndex(focused.rowIndex);
    if (!node || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    walk(/** @type {any} */ (node.data).i, event.key === 'ArrowLeft');
  };

  document.addEventListener(
    'keydown',
    (event) => {
      if (!view.data || !byId('trace-body') || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.id === 'trace-search' && event.key === 'Enter') {
        event.preventDefault();
        step(event.shiftKey ? -1 : 1, false);
        return;
      }
      if (obsvDom.typing(event) || obsvKeyboard.choosesPage() || obsvFlame.key(event)) return;
      if (event.key === 'e') nextError();
      if (event.key.toLowerCase() === 'n') step(event.shiftKey ? -1 : 1);
      arrow(event);
    },
    true,
  );

  // -- the panel -----------------------------------------------------------------------------------------------------

  /** @param {boolean} open */
  const showPanel = (open) => {
    byId('trace-body')?.classList.toggle('with-panel', open);
    obsvFlame.later(); // its canvas is as wide as the panel leaves it
  };

  // Enter leads into what it opened, and Esc back to the row.
  const focusPanel = () => {
    const before = byId('trace-panel-close');
    obsvDom.focusOnce(() => {
      const now = byId('trace-panel-close');
      return now === before ? null : now;
    });
  };
  const focusRow = () => {
    if (obsvFlame.isOn()) {
      obsvFlame.focus();
      return;
    }
    const cell = byId('trace-panel')?.contains(document.activeElement) ? view.api.getFocusedCell() : null;
    if (cell) view.api.setFocusedCell(cell.rowIndex, cell.column);
  };

  /** @param {{ row?: any, byKey?: boolean } | null} opened */
  const tracePanel = (opened) => {
    // An answer may come when somebody has gone back already, and the address is another page's.
    if (!opened?.row || !obsvRoot.inside(window.location.pathname).startsWith('/trace/')) return noUpdate();
    showPanel(true);
    if (opened.byKey) focusPanel();
    const { id } = opened.row;
    if (obsvAddress.get('span') !== id) obsvAddress.set({ span: id }, obsvAddress.get('span') ? 'replace' : 'push');
    return noUpdate();
  };
  document.addEventListener('click', (event) => {
    if (!obsvDom.around(event, '#trace-panel-close')) return;
    focusRow();
    showPanel(false);
    obsvAddress.close(['span']);
  });
  // Back closes the panel or opens the one of a span, changes the view, and zooms out.
  obsvAddress.undo(['span', 'view', 'zoom'], (query) => {
    obsvFlame.show(query.get('view') === 'flame');
    const row = view.rows.get(query.get('span') || '');
    if (row === undefined) showPanel(false);
    else reveal(row, true);
  });

  /** @type {Record<string, [string, string]>} */
  const copyOf = {
    'trace-copy-markdown': ['markdown', 'Markdown copied'],
    'trace-copy-otlp': ['otlp', 'OTLP JSON copied'],
  };
  document.addEventListener('click', async (event) => {
    const button = obsvDom.around(event, 'button[id^="trace-copy-"]');
    if (!button || !view.data) return;
    const [format, done] = copyOf[button.id];
    try {
      await obsvDom.copy(await obsvApi.text(`traces/${view.data.trace_id}/${format}`));
      obsvDom.notice(done);
    } catch (error) {
      obsvDom.notice(String(error), 'err');
    }
  });

  Object.assign(window.dash_clientside.obsv, { traceLoad, tracePanel, traceSearch, traceState });

  return { below, name, owner, refresh, reveal, selected, series, service, toggle, toggleGroup, view };
})();
