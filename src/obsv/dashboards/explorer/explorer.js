// @ts-check
// The explorer: rows by key from the JSON API into the grid, endless, live; its state in the address.
(() => {
  const GRID = 'explorer-grid';
  const PAGE = 100; // calls a page
  const AHEAD = 80; // rows left below the view when the next page is asked for
  const MOST_ROWS = 50000; // more is not read by anybody
  const MOST_BACK = 10; // pages that are read to find the row one comes back to
  const MOST_LIVE = 4000; // rows kept while live
  const CHARS = 400; // of a value in the grid; the drill-down has all of it
  const ROW_PX = 30;
  const TYPING_MS = 300;

  // load: number of the latest load, so that late answers are dropped; lastId: where the tail goes on.
  const state = {
    /** @type {Record<string, unknown> | null} */
    query: null,
    /** @type {string | null} */
    cursor: null,
    busy: false,
    load: 0,
    rows: 0,
    calls: 0,
    live: false,
    byKey: false,
    /** @type {number | null} */
    lastId: null,
    /** @type {GridApi | null} */
    wired: null,
  };
  const noUpdate = () => window.dash_clientside.no_update;
  const grid = () => obsvGrid.api(GRID);
  const orderOf = () => obsvAddress.get('sort') || '-ts';
  // The names of the values with a column, where a row is a call; null where a row is a value.
  const columns = () =>
    obsvAddress.get('rows') === 'calls' ? (obsvAddress.get('columns') || '').split(',').filter(Boolean) : null;
  const page = () => ({ ...state.query, order: orderOf(), limit: PAGE, chars: CHARS });

  /**
   * @param {GridApi} api
   * @param {any[]} calls
   * @param {boolean} fresh
   */
  const unseen = (api, calls, fresh) => {
    const rows = obsvRows.unseen(calls, fresh, (key) => api.getRowNode(key), columns());
    state.rows += rows.length;
    state.calls += obsvRows.calls(rows);
    return rows;
  };

  /**
   * @param {string} title
   * @param {string} [detail]
   * @param {boolean} [isError]
   */
  const overlay = (title, detail = '', isError = false) => {
    const node = obsvDom.byId('explorer-overlay');
    if (!node) return;
    node.hidden = !title;
    node.classList.toggle('state-err', isError);
    node.replaceChildren(...(title ? [obsvDom.el('h3', {}, title), obsvDom.el('p', {}, detail)] : []));
  };

  /** @param {number} [tookMs] */
  const status = (tookMs) => {
    const full = state.rows >= MOST_ROWS ? 'narrow the filters to see others' : 'scroll for more';
    const end = state.cursor ? full : 'that is all';
    const rows = `${obsvFormat.counted(state.calls, 'call')}, ${obsvFormat.counted(state.rows, 'row')}`;
    const time = tookMs === undefined ? '' : ` · ${tookMs.toFixed(0)} ms`;
    obsvDom.write('explorer-status', state.busy ? 'Reading…' : `${rows} · ${end}${time}`);
  };

  // Rows of another question do not stay under the message.
  /**
   * @param {GridApi} api
   * @param {unknown} error
   */
  const fail = (api, error) => {
    Object.assign(state, { busy: false, cursor: null, rows: 0, calls: 0 });
    api.setGridOption('rowData', []);
    overlay('Could not read the calls', messageOf(error), true);
    obsvDom.write('explorer-status', '');
  };
  /** @param {unknown} error */
  const messageOf = (error) => (error instanceof Error ? error.message : String(error));

  /** @param {string | null} [back] key of the row that one comes back to */
  const load = async (back) => {
    const api = grid();
    if (!api) return;
    if (!back) keepPlace(null);
    state.load += 1;
    const mine = state.load;
    state.cursor = null;
    state.busy = true;
    const began = performance.now();
    status();
    try {
      // The tail's place is taken first: a call between the two requests is shown, not lost.
      const place = await obsvApi.json('calls/tail');
      const found = await obsvApi.json('calls', page());
      if (mine !== state.load) return;
      state.lastId = place.last_id;
      state.cursor = found.cursor;
      state.rows = 0;
      state.calls = 0;
      state.busy = false;
      const rows = unseen(/** @type {any} */ ({ getRowNode: () => null }), found.calls, false);
      api.setGridOption('rowData', rows);
      if (rows.length) api.ensureIndexVisible(0, 'top');
      const hint = 'Nothing was recorded that fits these filters and this time. Widen the range or clear a filter.';
      overlay(rows.length ? '' : 'No calls', hint);
      status(performance.now() - began);
      if (back) goBack(api, back);
      else more();
    } catch (error) {
      if (mine === state.load) fail(api, error);
    }
  };

  // The row at the top of the view stands in the history, for who leaves and comes back.
  /** @param {string | null} row */
  const keepPlace = (row) => window.history.replaceState({ ...window.history.state, row }, '');
  /**
   * @param {GridApi} api
   * @param {string} key
   */
  const goBack = async (api, key) => {
    for (let at = 0; at < MOST_BACK && state.cursor && !api.getRowNode(key); at += 1) await more(true);
    // The grid is as high as its rows in a later turn.
    setTimeout(() => {
      const node = api.getRowNode(key);
      if (node) api.ensureNodeVisible(node, 'top');
    }, 60);
  };

  // The next page, as soon as the view comes near the end.
  /** @param {boolean} [anyhow] */
  const more = async (anyhow = false) => {
    const api = grid();
    if (!api || state.busy || !state.cursor || state.rows >= MOST_ROWS) return;
    if (!anyhow && api.getLastDisplayedRowIndex() < state.rows - AHEAD) return;
    const mine = state.load;
    state.busy = true;
    const began = performance.now();
    try {
      const found = await obsvApi.json('calls', { ...page(), cursor: state.cursor });
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
      obsvDom.write('explorer-status', `Could not read on: ${messageOf(error)} Scroll to try again.`);
    }
  };

  // New rows go above; who has scrolled down keeps looking at the same rows.
  /**
   * @param {GridApi} api
   * @param {any[]} rows
   */
  const prepend = (api, rows) => {
    const view = document.querySelector(`#${GRID} .ag-body-viewport, #${GRID} .ag-grid-viewport`);
    const top = view ? view.scrollTop : 0;
    const seen = api.getLastDisplayedRowIndex() + rows.length;
    api.applyTransaction({ add: rows, addIndex: 0 });
    if (view && top > 0) view.scrollTop = top + rows.length * ROW_PX;
    trim(api, Math.min(MOST_ROWS, Math.max(MOST_LIVE, seen + AHEAD)));
  };

  // Whole calls at the end are let go; who scrolls down gets them again.
  /**
   * @param {GridApi} api
   * @param {number} most
   */
  const trim = (api, most) => {
    if (state.rows <= most) return;
    const row = (/** @type {number} */ at) => /** @type {any} */ (api.getDisplayedRowAtIndex(at)).data;
    const end = obsvRows.cut(most, row);
    const gone = Array.from({ length: state.rows - end }, (_, at) => row(end + at));
    state.cursor = obsvRows.resume(gone);
    state.rows = end;
    state.calls -= obsvRows.calls(gone);
    api.applyTransaction({ remove: gone });
  };

  const tail = async () => {
    const api = grid();
    if (!api || state.busy || state.lastId === null) return;
    const mine = state.load;
    state.busy = true;
    try {
      const found = await obsvApi.json('calls/tail', { ...state.query, after: state.lastId, chars: CHARS });
      if (mine !== state.load) return;
      state.lastId = found.last_id;
      const rows = unseen(api, found.calls, true);
      state.busy = false;
      if (!rows.length) return;
      overlay('');
      prepend(api, rows);
      obsvDom.write('explorer-live-note', found.more ? 'faster than can be shown: newest only' : '');
      status();
    } catch (error) {
      if (mine !== state.load) return;
      state.busy = false;
      obsvDom.write('explorer-live-note', messageOf(error));
    }
  };

  /** @param {any} event */
  const sorted = (event) => {
    if (event.source === 'api') return;
    const column = event.api.getColumnState().find((/** @type {any} */ each) => each.sort);
    const field = column && column.colId !== 'ts' ? 'duration' : 'ts';
    const asked = (column?.sort === 'asc' ? '' : '-') + field;
    obsvAddress.set({ sort: asked === '-ts' ? null : asked }, 'push');
    if (!column) event.api.applyColumnState({ state: [{ colId: 'ts', sort: 'desc' }] });
    setLive(false);
    load();
  };

  /** @param {GridApi} api */
  const wire = (api) => {
    state.wired = api;
    const known = obsvRows.widths(obsvAddress.get('cols'));
    if (known.length) api.applyColumnState({ state: known });
    const order = orderOf();
    const colId = order.replace('-', '') === 'ts' ? 'ts' : 'duration_ns';
    const way = order[0] === '-' ? 'desc' : 'asc';
    api.applyColumnState({ state: [{ colId, sort: way }], defaultState: { sort: null } });
    api.addEventListener('bodyScroll', () => more());
    // The grid tells of a scroll's end a moment later, when the page may have gone on and the grid with it.
    api.addEventListener('bodyScrollEnd', () => {
      if (api.isDestroyed()) return;
      const top = api.getDisplayedRowAtIndex(Math.round(api.getVerticalPixelRange().top / ROW_PX));
      keepPlace(top?.rowIndex ? /** @type {any} */ (top.data).key : null);
    });
    api.addEventListener('sortChanged', sorted);
    api.addEventListener('columnResized', (/** @type {any} */ event) => {
      if (!event.finished || event.source !== 'uiColumnResized' || !event.column) return;
      const { column } = event;
      obsvAddress.set({ cols: obsvRows.widened(obsvAddress.get('cols'), column.getColId(), column.getActualWidth()) });
    });
  };

  /** @param {boolean} live */
  const setLive = (live) => {
    state.live = live;
    obsvLive.set('explorer-live', live);
    if (!live) obsvDom.write('explorer-live-note', '');
  };

  /**
   * @param {string} q
   * @param {string | null} group
   * @param {string | null} process
   * @param {string | null} variable
   * @param {string} statusValue
   * @param {string | number} min
   * @param {string | number} max
   * @param {string | null} service
   * @param {string | null} host
   * @param {string | null} instance
   * @param {Record<string, string>} picked
   */
  const explorerLoad = async (q, group, process, variable, statusValue, min, max, service, host, instance, picked) => {
    const limits = { status: statusValue, min_ms: min, max_ms: max };
    const filters = { where: q, q: null, group, process, variable, ...limits, service, host, instance };
    state.query = { ...filters, ...picked };
    const api = await window.dash_ag_grid.getApiAsync(GRID);
    const fresh = state.wired !== api;
    obsvAddress.set(filters, fresh ? 'replace' : 'push');
    if (fresh) {
      wire(api);
      setLive(obsvLive.isAsked());
    }
    load(fresh ? window.history.state?.row : null);
    return Date.now();
  };

  // Another shape of the rows has other columns: the page is made again.
  /**
   * @param {string} rows
   * @param {string[]} names
   */
  const explorerShape = (rows, names) => {
    const wanted = { rows: rows === 'calls' ? rows : null, columns: (names || []).join(',') || null };
    const changed = Object.entries(wanted).some(([name, value]) => (obsvAddress.get(name) || null) !== value);
    if (changed) obsvAddress.set(wanted, 'go');
    return noUpdate();
  };

  // Names for a choice, once the keys rest; what is chosen stays among them.
  /** @type {Record<string, ReturnType<typeof setTimeout>>} */
  const waiting = {};
  /**
   * @param {string} path
   * @param {string} above the filter that these names lie in
   */
  const names =
    (path, above) => (/** @type {string} */ typed, /** @type {string} */ parent, /** @type {string} */ chosen) => {
      const part = typed && typed !== chosen ? typed : '';
      clearTimeout(waiting[path]);
      return new Promise((resolve) => {
        waiting[path] = setTimeout(async () => {
          try {
            const found = await obsvApi.json(path, { part, [above]: parent });
            resolve(chosen && !found.includes(chosen) ? [chosen, ...found] : found);
          } catch {
            resolve(noUpdate());
          }
        }, TYPING_MS);
      });
    };

  /** @param {number} clicks */
  const explorerClear = (clicks) =>
    clicks ? ['', null, null, null, '', '', '', null, null, null] : Array(10).fill(noUpdate());

  /** @param {number} clicks */
  const explorerLive = (clicks) => {
    if (!clicks) return noUpdate();
    const live = !state.live;
    if (live && orderOf() !== '-ts') {
      obsvAddress.set({ sort: null });
      grid()?.applyColumnState({ state: [{ colId: 'ts', sort: 'desc' }], defaultState: { sort: null } });
      load();
    }
    setLive(live);
    if (live) tail();
    return String(live);
  };

  const explorerTail = () => {
    if (state.live) tail();
    return noUpdate();
  };

  /** @param {string} format */
  const exported = (format) => (/** @type {number} */ clicks) => {
    if (!clicks) return noUpdate();
    const link = document.createElement('a');
    link.href = obsvApi.address('export', { format, order: orderOf(), ...state.query });
    link.download = '';
    document.body.append(link);
    link.click();
    link.remove();
    return String(clicks);
  };

  // Enter leads into what it opened, and Esc back to the row.
  const focusDetail = () => {
    const before = document.querySelector('#explorer-detail article');
    obsvDom.focusOnce(() => {
      const now = document.querySelector('#explorer-detail article');
      return now === before ? null : now;
    });
  };
  const focusRow = () => {
    const api = grid();
    const cell = api?.getFocusedCell();
    if (api && cell && state.byKey) api.setFocusedCell(cell.rowIndex, cell.column);
    state.byKey = false;
  };

  /**
   * @param {string} trace_id
   * @param {string} span_id
   * @param {boolean} [byKey]
   */
  const open = (trace_id, span_id, byKey = false) => {
    // From one call to the next: one step back closes all.
    obsvAddress.set({ call: `${trace_id}.${span_id}` }, obsvAddress.get('call') ? 'replace' : 'push');
    state.byKey = byKey;
    if (byKey) focusDetail();
    return { trace_id, span_id };
  };
  /** @param {{ row?: any, byKey?: boolean } | null} opened */
  const explorerOpen = (opened) =>
    opened?.row ? open(opened.row.trace_id, opened.row.span_id, opened.byKey) : noUpdate();

  // A call near the one that is shown: filters and rows stay.
  document.addEventListener('click', (event) => {
    const near = obsvDom.around(event, 'a.relative');
    if (!near?.dataset.call || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [trace, span] = near.dataset.call.split('.');
    window.dash_clientside.set_props('explorer-call', { data: open(trace, span) });
  });

  /** @param {boolean} opened */
  const explorerClosed = (opened) => {
    if (opened === false) {
      obsvAddress.close(['call']);
      focusRow();
    }
    return noUpdate();
  };

  // Back closes the drawer, or opens the one of a call.
  obsvAddress.undo(['call'], (query) => {
    const [trace_id, span_id] = (query.get('call') || '').split('.');
    if (span_id) window.dash_clientside.set_props('explorer-call', { data: { trace_id, span_id } });
    else window.dash_clientside.set_props('explorer-drawer', { opened: false });
  });

  // The menu of exports goes when something else is meant.
  const menu = () => /** @type {HTMLDetailsElement | null} */ (document.querySelector('details.menu[open]'));
  document.addEventListener('click', (event) => {
    const open = menu();
    if (open && !obsvDom.around(event, 'details.menu summary')) open.open = false;
  });
  document.addEventListener('keydown', (event) => {
    const open = menu();
    if (event.key !== 'Escape' || !open) return;
    open.open = false;
    open.querySelector('summary')?.focus();
  });

  Object.assign(window.dash_clientside.obsv, {
    explorerClear,
    explorerClosed,
    explorerExportCsv: exported('csv'),
    explorerExportJsonl: exported('jsonl'),
    explorerLive,
    explorerLoad,
    explorerOpen,
    explorerProcesses: names('processes', 'group'),
    explorerShape,
    explorerTail,
    explorerVariables: names('variables', 'process'),
  });
})();
