// The explorer: rows by key from the JSON API into the grid, endless, live; its state in the address.
(function (obsv, shared) {
  const GRID = 'explorer-grid';
  const PAGE = 100;           // calls a page
  const AHEAD = 80;           // rows left below the view when the next page is asked for
  const MOST_ROWS = 50000;    // more is not read by anybody
  const MOST_BACK = 10;       // pages that are read to find the row one comes back to
  const MOST_LIVE = 4000;     // rows kept while live
  const CHARS = 400;          // of a value in the grid; the drill-down has all of it
  const ROW_PX = 30;

  // load: number of the latest load, so that late answers are dropped; lastId: where the tail goes on.
  const state = { query: null, cursor: null, busy: false, load: 0, rows: 0, calls: 0, live: false, lastId: null, wired: null };
  const noUpdate = () => window.dash_clientside.no_update;
  const text = (id, value) => { const node = document.getElementById(id); if (node) node.textContent = value; };

  const grid = function () {
    try { return window.dash_ag_grid.getApi(GRID); } catch (error) { return null; }
  };

  // One row a value; the first of a call carries what belongs to the call.
  const rowsOf = function (call, fresh) {
    const values = call.values.length ? call.values : [{ name: '', data_type: '', text: '' }];
    return values.map((value, at) => ({
      key: `${call.id}:${at}`,
      first: at === 0,
      fresh,
      process: call.process,
      data: value.name,
      data_type: value.data_type,
      data_value: value.cut ? `${value.text}…` : value.text,
      ts: call.ts,
      duration_ns: call.duration_ns,
      status: call.status,
      exception: call.exception,
      trace_id: call.trace_id,
      span_id: call.span_id,
    }));
  };

  // The tail and the pages overlap; no row comes twice.
  const unseen = function (api, calls, fresh) {
    const rows = calls.flatMap((call) => rowsOf(call, fresh)).filter((row) => !api.getRowNode(row.key));
    state.rows += rows.length;
    state.calls += callsIn(rows);
    return rows;
  };
  const callsIn = (rows) => rows.filter((row) => row.first).length;

  const ask = async function (path, entries) {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(entries)) {
      if (value !== null && value !== undefined && value !== '') params.set(name, value);
    }
    const answer = await fetch(`/api/v1/${path}?${params}`);
    if (answer.status === 401) { window.location.reload(); throw new Error('signed out'); }
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || answer.statusText);
    return body;
  };

  const overlay = function (title, detail, isError) {
    const node = document.getElementById('explorer-overlay');
    if (!node) return;
    node.hidden = !title;
    node.replaceChildren();
    if (!title) return;
    const heading = document.createElement('h3');
    const line = document.createElement('p');
    heading.textContent = title;
    line.textContent = detail || '';
    node.classList.toggle('state-err', Boolean(isError));
    node.append(heading, line);
  };

  const status = function (tookMs) {
    const full = state.rows >= MOST_ROWS ? 'narrow the filters to see others' : 'scroll for more';
    const end = state.cursor ? full : 'that is all';
    const rows = `${state.calls.toLocaleString('en')} calls, ${state.rows.toLocaleString('en')} rows`;
    const time = tookMs === undefined ? '' : ` · ${tookMs.toFixed(0)} ms`;
    text('explorer-status', state.busy ? 'Reading…' : `${rows} · ${end}${time}`);
  };

  // Rows of another question do not stay under the message.
  const fail = function (api, error) {
    Object.assign(state, { busy: false, cursor: null, rows: 0, calls: 0 });
    api.setGridOption('rowData', []);
    overlay('Could not read the calls', error.message, true);
    text('explorer-status', '');
  };

  const orderOf = () => new URL(window.location.href).searchParams.get('sort') || '-ts';

  const load = async function (back) {
    const api = grid();
    if (!api) return;
    if (!back) keepPlace(null);
    const mine = ++state.load;
    state.cursor = null;
    state.busy = true;
    const began = performance.now();
    status();
    try {
      // The tail's place is taken first: a call between the two requests is shown, not lost.
      const place = await ask('calls/tail', { after: '9223372036854775807', limit: 1 });
      const found = await ask('calls', { ...state.query, order: orderOf(), limit: PAGE, chars: CHARS });
      if (mine !== state.load) return;
      state.lastId = place.last_id;
      state.cursor = found.cursor;
      const rows = found.calls.flatMap((call) => rowsOf(call, false));
      state.calls = found.calls.length;
      state.rows = rows.length;
      state.busy = false;
      api.setGridOption('rowData', rows);
      api.ensureIndexVisible && rows.length && api.ensureIndexVisible(0, 'top');
      overlay(rows.length ? '' : 'No calls', 'Nothing was recorded that fits these filters and this time. Widen the range or clear a filter.');
      status(performance.now() - began);
      if (back) goBack(api, back); else more();
    } catch (error) { if (mine === state.load) fail(api, error); }
  };

  // The row at the top of the view stands in the history, for who leaves and comes back.
  const keepPlace = (row) => window.history.replaceState({ ...window.history.state, row }, '');
  const goBack = async function (api, key) {
    for (let page = 0; page < MOST_BACK && state.cursor && !api.getRowNode(key); page += 1) await more(true);
    // The grid is as high as its rows in a later turn.
    setTimeout(() => { if (api.getRowNode(key)) api.ensureNodeVisible(api.getRowNode(key), 'top'); }, 60);
  };

  // The next page, as soon as the view comes near the end.
  const more = async function (anyhow) {
    const api = grid();
    if (!api || state.busy || !state.cursor || state.rows >= MOST_ROWS) return;
    if (anyhow !== true && api.getLastDisplayedRowIndex() < state.rows - AHEAD) return;
    const mine = state.load;
    state.busy = true;
    const began = performance.now();
    try {
      const found = await ask('calls', { ...state.query, order: orderOf(), cursor: state.cursor, limit: PAGE, chars: CHARS });
      if (mine !== state.load) return;
      const rows = unseen(api, found.calls, false);
      state.cursor = found.cursor;
      state.busy = false;
      api.applyTransaction({ add: rows });
      status(performance.now() - began);
      if (!rows.length && state.cursor) more();
    } catch (error) {
      if (mine !== state.load) return;
      state.busy = false;
      text('explorer-status', `Could not read on: ${error.message} Scroll to try again.`);
    }
  };

  // New rows go above; who has scrolled down keeps looking at the same rows.
  const prepend = function (api, rows) {
    const view = document.querySelector(`#${GRID} .ag-body-viewport, #${GRID} .ag-grid-viewport`);
    const top = view ? view.scrollTop : 0;
    const seen = api.getLastDisplayedRowIndex() + rows.length;
    api.applyTransaction({ add: rows, addIndex: 0 });
    if (view && top > 0) view.scrollTop = top + rows.length * ROW_PX;
    trim(api, Math.min(MOST_ROWS, Math.max(MOST_LIVE, seen + AHEAD)));
  };

  // Whole calls at the end are let go; who scrolls down gets them again, by a cursor as store/finding/orders.py writes it. Live
  // calls stand in the order in which they ended, so the newest of those that go tells where to begin.
  const trim = function (api, most) {
    const data = (at) => api.getDisplayedRowAtIndex(at).data;
    if (state.rows <= most) return;
    let end = most;
    while (end > 0 && !data(end).first) end -= 1;
    const gone = Array.from({ length: state.rows - end }, (_, at) => data(end + at));
    const newest = gone.reduce((one, other) => (other.ts > one.ts ? other : one));
    state.cursor = `-ts~${newest.ts}~9223372036854775807`;
    state.rows = end;
    state.calls -= callsIn(gone);
    api.applyTransaction({ remove: gone });
  };

  const tail = async function () {
    const api = grid();
    if (!api || state.busy || state.lastId === null) return;
    const mine = state.load;
    state.busy = true;
    try {
      const found = await ask('calls/tail', { ...state.query, after: state.lastId, chars: CHARS });
      if (mine !== state.load) return;
      state.lastId = found.last_id;
      const rows = unseen(api, found.calls, true);
      state.busy = false;
      if (!rows.length) return;
      overlay('');
      prepend(api, rows);
      text('explorer-live-note', found.more ? 'faster than can be shown: newest only' : '');
      status();
    } catch (error) { if (mine === state.load) { state.busy = false; text('explorer-live-note', error.message); } }
  };

  // Column widths that the user has changed, as `process:320,data:90`.
  const widths = function () {
    const given = new URL(window.location.href).searchParams.get('cols') || '';
    return given.split(',').map((part) => part.split(':')).filter((pair) => pair.length === 2 && Number(pair[1]) > 30)
      .map(([colId, width]) => ({ colId, width: Math.min(2000, Number(width)), flex: null }));
  };

  const wire = function (api) {
    state.wired = api;
    const known = widths();
    if (known.length) api.applyColumnState({ state: known });
    const order = orderOf();
    api.applyColumnState({
      state: [{ colId: order.replace('-', '') === 'ts' ? 'ts' : 'duration_ns', sort: order[0] === '-' ? 'desc' : 'asc' }],
      defaultState: { sort: null },
    });
    api.addEventListener('bodyScroll', () => more());
    api.addEventListener('bodyScrollEnd', () => {
      const top = api.getDisplayedRowAtIndex(Math.round(api.getVerticalPixelRange().top / ROW_PX));
      keepPlace(top && top.rowIndex ? top.data.key : null);
    });
    api.addEventListener('sortChanged', (event) => {
      if (event.source === 'api') return;
      const sorted = api.getColumnState().find((column) => column.sort);
      const field = sorted ? (sorted.colId === 'ts' ? 'ts' : 'duration') : 'ts';
      const asked = (sorted && sorted.sort === 'asc' ? '' : '-') + field;
      shared.setQuery({ sort: asked === '-ts' ? null : asked });
      if (!sorted) api.applyColumnState({ state: [{ colId: 'ts', sort: 'desc' }] });
      setLive(false);
      load();
    });
    api.addEventListener('columnResized', (event) => {
      if (!event.finished || event.source !== 'uiColumnResized' || !event.column) return;
      const kept = Object.fromEntries(widths().map(({ colId, width }) => [colId, width]));
      kept[event.column.getColId()] = Math.round(event.column.getActualWidth());
      shared.setQuery({ cols: Object.entries(kept).map((pair) => pair.join(':')).join(',') });
    });
  };

  const setLive = function (live) {
    state.live = live;
    shared.setQuery({ live: live ? '1' : null });
    const button = document.getElementById('explorer-live');
    if (!button) return;
    button.setAttribute('aria-pressed', String(live));
    button.querySelector('.icon').className = `icon ${live ? 'icon-pause' : 'icon-play'}`;
    button.querySelector('span').textContent = live ? 'Pause' : 'Live';
    if (!live) text('explorer-live-note', '');
  };

  obsv.explorerLoad = async function (q, group, process, variable, statusValue, min, max, picked) {
    const number = (value) => (value === '' || value === null || value === undefined ? null : value);
    const filters = { q, group, process, variable, status: statusValue, min_ms: number(min), max_ms: number(max) };
    shared.setQuery(filters);
    state.query = { ...filters, ...picked };
    const api = await window.dash_ag_grid.getApiAsync(GRID);
    const fresh = state.wired !== api;
    if (fresh) {
      wire(api);
      setLive(new URL(window.location.href).searchParams.get('live') === '1');
    }
    load(fresh && window.history.state && window.history.state.row);
    return Date.now();
  };

  // Names for a choice, 300 ms after the last key; what is chosen stays among them.
  const waiting = {};
  const names = (path) => function (typed, parent, chosen) {
    const part = typed && typed !== chosen ? typed : '';
    const of = path === 'processes' ? { group: parent } : path === 'variables' ? { process: parent } : {};
    clearTimeout(waiting[path]);
    return new Promise((resolve) => {
      waiting[path] = setTimeout(async () => {
        try {
          const found = await ask(path, { part, ...of });
          resolve(chosen && !found.includes(chosen) ? [chosen, ...found] : found);
        } catch (error) { resolve(noUpdate()); }
      }, 300);
    });
  };
  obsv.explorerProcesses = names('processes');
  obsv.explorerVariables = names('variables');

  obsv.explorerClear = (clicks) => (clicks ? ['', null, null, null, '', '', ''] : Array(7).fill(noUpdate()));

  obsv.explorerLive = function (clicks) {
    if (!clicks) return noUpdate();
    const live = !state.live;
    if (live && orderOf() !== '-ts') {
      shared.setQuery({ sort: null });
      grid().applyColumnState({ state: [{ colId: 'ts', sort: 'desc' }], defaultState: { sort: null } });
      load();
    }
    setLive(live);
    if (live) tail();
    return String(live);
  };

  obsv.explorerTail = function () {
    if (state.live) tail();
    return noUpdate();
  };

  const exported = function (clicks, format) {
    if (!clicks) return noUpdate();
    const params = new URLSearchParams({ format, order: orderOf() });
    for (const [name, value] of Object.entries(state.query || {})) {
      if (value !== null && value !== undefined && value !== '') params.set(name, value);
    }
    const link = document.createElement('a');
    link.href = `/api/v1/export?${params}`;
    link.download = '';
    document.body.append(link);
    link.click();
    link.remove();
    return String(clicks);
  };
  obsv.explorerExportCsv = (clicks) => exported(clicks, 'csv');
  obsv.explorerExportJsonl = (clicks) => exported(clicks, 'jsonl');

  const open = function (trace_id, span_id) {
    shared.setQuery({ call: `${trace_id}.${span_id}` });
    return { trace_id, span_id };
  };
  obsv.explorerOpen = (opened) => (opened && opened.row ? open(opened.row.trace_id, opened.row.span_id) : noUpdate());

  // A call near the one that is shown: filters and rows stay.
  document.addEventListener('click', function (event) {
    const near = event.target.closest && event.target.closest('a.relative');
    if (!near || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.dash_clientside.set_props('explorer-call', { data: open(...near.dataset.call.split('.')) });
  });

  obsv.explorerClosed = function (opened) {
    if (opened === false && state.query) shared.setQuery({ call: null });
    return noUpdate();
  };
})(window.dash_clientside.obsv, window.obsv);
