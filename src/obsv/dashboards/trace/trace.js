// The trace page: one trace in memory as columns (GET /api/v1/traces/<id>), drawn by the grid's renderers in cells.js.

(function (obsv, shared) {
  const GRID = 'trace-grid';
  const FLAG = { error: 1, critical: 2, orphan: 4, circle: 8, moved: 16, events: 32, links: 64, exception: 128 };
  const SERIES = 8;
  const trace = { data: null, FLAG, listeners: new Set() };
  shared.trace = trace;
  const byId = (id) => document.getElementById(id);
  const noUpdate = () => window.dash_clientside.no_update;

  // -- what is drawn -----------------------------------------------------------------------------------------------

  trace.children = (row) => trace.data.end[row] - row - 1;
  trace.name = (row) => trace.data.processes[trace.data.process[row]][0];
  trace.service = (row) => trace.data.processes[trace.data.process[row]][1];
  trace.colour = (row) => `var(--series-${trace.colours.get(trace.owner(row)) % SERIES})`;
  // Colours tell services apart; where there is but one, groups.
  trace.owner = (row) => trace.data.processes[trace.data.process[row]][trace.byGroup ? 2 : 1];

  const refresh = function () {
    if (trace.api && !trace.api.isDestroyed()) trace.api.refreshCells({ force: true });
    trace.listeners.forEach((listener) => listener());
  };
  trace.refresh = refresh;

  // A row is hidden when a row above it is folded. Rows stand in preorder, so one pass does.
  const fold = function () {
    const { end } = trace.data;
    trace.hidden.fill(0);
    for (let row = 0; row < end.length; row += 1) {
      if (trace.folded[row]) {
        trace.hidden.fill(1, row + 1, end[row]);
        row = end[row] - 1;
      }
    }
    if (trace.only) for (let row = 0; row < end.length; row += 1) if (!trace.only[row]) trace.hidden[row] = 1;
    trace.api.onFilterChanged();
  };

  trace.toggle = function (row) {
    if (!trace.children(row)) return;
    trace.folded[row] = trace.folded[row] ? 0 : 1;
    fold();
    refresh();
  };

  trace.foldAll = function (folded) {
    for (let row = 0; row < trace.folded.length; row += 1) {
      trace.folded[row] = folded && trace.data.depth[row] > 0 && trace.children(row) ? 1 : 0;
    }
    fold();
    refresh();
  };

  const unfoldTo = function (row) {
    let changed = false;
    for (let above = trace.data.parent[row]; above >= 0; above = trace.data.parent[above]) {
      if (trace.folded[above]) { trace.folded[above] = 0; changed = true; }
    }
    if (changed) fold();
  };

  trace.reveal = function (row, open) {
    if (trace.only && !trace.only[row]) setOnly(null);
    unfoldTo(row);
    const node = trace.api.getRowNode(String(row));
    if (!node) return;
    trace.api.ensureNodeVisible(node, 'middle');
    trace.api.setFocusedCell(node.rowIndex, 'span');
    node.setSelected(true, true);
    if (open) shared.openRow({ api: trace.api, data: node.data });
    refresh();
  };

  // -- loading -----------------------------------------------------------------------------------------------------

  const setUp = function (data) {
    const size = data.span_id.length;
    Object.assign(trace, {
      data,
      folded: new Uint8Array(size),
      hidden: new Uint8Array(size),
      only: null,
      zoom: [0, Math.max(1, data.length)],
      found: new Set(),
      hits: [],
      at: -1,
      showsPath: true,
      rows: new Map(data.span_id.map((span, row) => [span, row])),
      segments: new Map(),
      colours: new Map(),
    });
    trace.byGroup = new Set(data.processes.map((process) => process[1])).size < 2;
    for (let row = 0; row < size; row += 1) {
      const owner = trace.owner(row);
      if (!trace.colours.has(owner)) trace.colours.set(owner, trace.colours.size);
    }
    for (let at = 0; at < data.critical.length; at += 3) {
      const row = data.critical[at];
      if (!trace.segments.has(row)) trace.segments.set(row, []);
      trace.segments.get(row).push([data.critical[at + 1], data.critical[at + 2]]);
    }
    trace.errors = deepestErrors(data);
  };

  // Where it began: failed spans below which nothing failed, in order of time.
  const deepestErrors = function (data) {
    const failed = [];
    const above = new Set();
    for (let row = data.flags.length - 1; row >= 0; row -= 1) {
      if (!(data.flags[row] & FLAG.error)) continue;
      if (!above.has(row)) failed.push(row);
      for (let up = data.parent[row]; up >= 0 && !above.has(up); up = data.parent[up]) above.add(up);
    }
    return failed.sort((one, other) => data.start[one] - data.start[other]);
  };

  obsv.traceLoad = async function (about) {
    if (!about || !about.trace_id) return noUpdate();
    const around = about.span ? `?around=${encodeURIComponent(about.span)}` : '';
    try {
      const [answer, api] = await Promise.all([
        shared.get(`/api/v1/traces/${about.trace_id}${around}`),
        window.dash_ag_grid.getApiAsync(GRID),
      ]);
      trace.api = api;
      setUp(await answer.json());
    } catch (error) {
      return { failed: String(error.message || error) };
    }
    const rows = trace.data.span_id.map((id, row) => ({ i: row, id }));
    trace.api.setGridOption('isExternalFilterPresent', () => true);
    trace.api.setGridOption('doesExternalFilterPass', (node) => !trace.hidden[node.data.i]);
    trace.api.setGridOption('rowData', rows);
    trace.describe();
    trace.drawMap();
    refresh();
    // The grid takes its rows in a later turn, and would drop a selection made before.
    if (about.span && trace.rows.has(about.span)) setTimeout(() => trace.reveal(trace.rows.get(about.span), true), 60);
    else if (about.q) find(about.q);
    return { spans: rows.length };
  };

  // Plain text columns are cheaper than rendered ones: a scroll of a page draws half as much.
  shared.traceTook = ({ data }) => shared.duration(trace.data.duration[data.i]);
  shared.traceSelf = ({ data }) => shared.duration(trace.data.self[data.i]);
  shared.traceIsShort = ({ data }) => trace.data.self[data.i] < trace.data.length / 100;

  obsv.traceState = function (loaded) {
    const state = byId('trace-state');
    if (!state || !loaded) return noUpdate();
    state.hidden = !loaded.failed;
    state.textContent = loaded.failed || '';
    byId('trace-body').classList.remove('loading');
    return noUpdate();
  };

  // -- search and errors -------------------------------------------------------------------------------------------

  let asked = 0;
  const find = async function (text) {
    asked += 1;
    const mine = asked;
    shared.setQuery({ q: text || null });
    if (!text) { setFound([]); return; }
    const wanted = text.toLowerCase();
    const hits = new Set();
    trace.data.span_id.forEach((span, row) => {
      const [name, service] = trace.data.processes[trace.data.process[row]];
      if (span === wanted || `${service} ${name}`.toLowerCase().includes(wanted)) hits.add(row);
    });
    try {
      const path = `/api/v1/traces/${trace.data.trace_id}/search?q=${encodeURIComponent(text.slice(0, 200))}`;
      const { span_id: ids } = await (await shared.get(path)).json();
      ids.forEach((id) => { if (trace.rows.has(id)) hits.add(trace.rows.get(id)); });
    } catch (error) {
      shared.notice(error.message, 'err');
    }
    if (mine === asked) setFound(Array.from(hits).sort((one, other) => one - other));
  };

  const setFound = function (rows) {
    trace.hits = rows;
    trace.found = new Set(rows);
    trace.at = -1;
    const counter = byId('trace-found');
    counter.textContent = byId('trace-search').value ? `${shared.count(rows.length)} found` : '';
    if (rows.length) trace.step(1, false); else refresh();
  };

  trace.step = function (by, focus = true) {
    if (!trace.data || !trace.hits.length) return;
    trace.at = (trace.at + by + trace.hits.length) % trace.hits.length;
    byId('trace-found').textContent = `${shared.count(trace.at + 1)} of ${shared.count(trace.hits.length)}`;
    const active = document.activeElement;
    trace.reveal(trace.hits[trace.at], false);
    if (!focus && active) active.focus();
  };

  obsv.traceSearch = function (text) {
    if (trace.data && byId('trace-search')) find((text || '').trim());
    return noUpdate();
  };

  trace.nextError = function () {
    if (!trace.data || !trace.errors.length) return;
    trace.error = trace.error === undefined ? 0 : (trace.error + 1) % trace.errors.length;
    trace.reveal(trace.errors[trace.error], true);
  };

  // Only spans that have a flag, and what led to them.
  const setOnly = function (flag) {
    trace.only = null;
    if (flag) {
      trace.only = new Uint8Array(trace.data.flags.length);
      trace.data.flags.forEach((flags, row) => {
        if (!(flags & flag)) return;
        for (let up = row; up >= 0 && !trace.only[up]; up = trace.data.parent[up]) trace.only[up] = 1;
      });
    }
    byId('trace-only-path').setAttribute('aria-pressed', String(flag === FLAG.critical));
    fold();
    refresh();
  };

  const buttons = {
    'trace-error': () => trace.nextError(),
    'trace-fold': () => trace.foldAll(true),
    'trace-unfold': () => trace.foldAll(false),
    'trace-previous': () => trace.step(-1),
    'trace-next': () => trace.step(1),
    'trace-only-path': () => setOnly(trace.only ? null : FLAG.critical),
    'trace-zoom-out': () => trace.setZoom(0, trace.data.length),
  };
  document.addEventListener('click', function (event) {
    const button = event.target.closest && event.target.closest('button[id^="trace-"]');
    if (button && trace.data && buttons[button.id]) buttons[button.id]();
  });

  document.addEventListener('keydown', function (event) {
    if (!trace.data || !byId('trace-body') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.id === 'trace-search' && event.key === 'Enter') {
      event.preventDefault();
      trace.step(event.shiftKey ? -1 : 1, false);
      return;
    }
    if (event.target.closest('input, textarea, select')) return;
    if (shared.choosesPage()) return;
    if (event.key === 'e') trace.nextError();
    if (event.key.toLowerCase() === 'n') trace.step(event.shiftKey ? -1 : 1);
    const inGrid = event.target.closest(`#${GRID}`);
    const focused = inGrid && trace.api.getFocusedCell();
    const node = focused && trace.api.getDisplayedRowAtIndex(focused.rowIndex);
    if (!node || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const row = node.data.i;
    const open = !trace.folded[row] && trace.children(row) > 0;
    if (event.key === 'ArrowRight' && trace.folded[row]) trace.toggle(row);
    else if (event.key === 'ArrowLeft' && open) trace.toggle(row);
    else if (event.key === 'ArrowLeft' && trace.data.parent[row] >= 0) trace.reveal(trace.data.parent[row], false);
    else if (event.key === 'ArrowRight' && open) trace.reveal(row + 1, false);
  }, true);

  // -- the panel ---------------------------------------------------------------------------------------------------

  const showPanel = function (open) {
    const body = byId('trace-body');
    if (!body || body.classList.contains('with-panel') === open) return;
    body.classList.toggle('with-panel', open);
    if (!open) shared.setQuery({ span: null });
  };

  obsv.tracePanel = function (opened) {
    if (!opened || !opened.row) return noUpdate();
    showPanel(true);
    shared.setQuery({ span: opened.row.id });
    return noUpdate();
  };
  document.addEventListener('click', function (event) {
    if (event.target.closest && event.target.closest('#trace-panel-close')) showPanel(false);
  });

  const copyOf = { 'trace-copy-markdown': ['markdown', 'Markdown copied'], 'trace-copy-otlp': ['otlp', 'OTLP JSON copied'] };
  document.addEventListener('click', async function (event) {
    const button = event.target.closest && event.target.closest('button[id^="trace-copy-"]');
    if (!button || !trace.data) return;
    const [format, done] = copyOf[button.id];
    try {
      await shared.copy(await (await shared.get(`/api/v1/traces/${trace.data.trace_id}/${format}`)).text());
      shared.notice(done);
    } catch (error) {
      shared.notice(error.message, 'err');
    }
  });
})(window.dash_clientside.obsv, window.obsv);
