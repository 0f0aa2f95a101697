// @ts-check
// The page of log records: lines by key from the JSON API, endless, live; its state in the address.
(() => {
  const PAGE = 100; // lines a request
  const MOST = 5000; // lines on the page; more is not read by anybody
  const MOST_LIVE = 1000; // lines kept while live

  const state = {
    /** @type {Record<string, unknown>} */
    query: {},
    /** @type {Record<string, string>} */
    window: {},
    /** @type {string | null} */
    cursor: null,
    /** @type {number | null} */
    lastId: null,
    busy: false,
    live: false,
    load: 0,
    /** @type {Element | null} */
    wired: null,
  };
  const noUpdate = () => window.dash_clientside.no_update;
  const lines = () => obsvDom.byId('logs-lines');
  /** @param {unknown} error */
  const messageOf = (error) => (error instanceof Error ? error.message : String(error));

  /**
   * A filter that is set by a click on what it takes.
   * @param {string} name of the widget
   * @param {string} value
   */
  const only = (name, value) => {
    const button = obsvDom.el('button', { class: 'link', type: 'button' }, `Only ${value}`);
    button.addEventListener('click', () => window.dash_clientside.set_props(`logs-${name}`, { value }));
    return button;
  };

  /** @param {LogRecord} record */
  const opened = (record) => {
    const rows = obsvLogLine
      .parts(record)
      .map(([name, value]) =>
        obsvDom.el('tr', {}, obsvDom.el('th', { scope: 'row' }, name), obsvDom.el('td', { class: 'mono' }, value)),
      );
    const places = [];
    const path = obsvLogLine.trace(record);
    if (path) places.push(obsvDom.el('a', { class: 'button', href: obsvRoot.under(path) }, 'Trace'));
    if (record.process) {
      const code = `/code?${new URLSearchParams({ process: record.process })}`;
      places.push(obsvDom.el('a', { class: 'button', href: obsvRoot.under(code) }, 'Function'));
    }
    if (record.event_name) places.push(only('event', record.event_name));
    if (record.service) places.push(only('service', record.service));
    return obsvDom.el(
      'div',
      { class: 'log-more' },
      obsvDom.el('table', { class: 'value-table' }, obsvDom.el('tbody', {}, ...rows)),
      obsvDom.el('div', { class: 'log-links' }, ...places),
    );
  };

  /**
   * @param {LogRecord} record
   * @param {boolean} [fresh]
   */
  const line = (record, fresh = false) => {
    const kind = obsvLogLine.kind(record.severity_number);
    const head = obsvDom.el(
      'summary',
      {},
      obsvDom.el('span', { class: 'num faint', title: `${record.ts} UTC` }, obsvFormat.localTs(record.ts)),
      obsvDom.el('span', { class: `badge badge-${kind}` }, record.severity || 'LOG'),
      obsvDom.el('span', { class: 'log-said' }, obsvLogLine.said(record)),
      obsvDom.el('span', { class: 'log-fields mono faint' }, obsvLogLine.fields(record)),
      obsvDom.el('span', { class: 'log-service faint' }, record.service),
    );
    const made = obsvDom.el('details', { class: fresh ? 'log-line call-new' : 'log-line' }, head);
    // What is never opened is never made.
    made.addEventListener('toggle', () => made.children.length === 1 && made.append(opened(record)));
    return obsvDom.el('div', { role: 'listitem' }, made);
  };

  /**
   * @param {string} title
   * @param {string} [detail]
   */
  const tell = (title, detail = '') => {
    const [none, list] = [obsvDom.byId('logs-none'), lines()];
    if (!none || !list) return;
    none.hidden = !title;
    list.hidden = Boolean(title);
    none.replaceChildren(...(title ? [obsvDom.el('h2', {}, title), obsvDom.el('p', {}, detail)] : []));
  };

  const status = () => {
    const shown = lines()?.children.length ?? 0;
    const full = shown >= MOST;
    const rest = state.cursor ? (full ? 'narrow the filters to see others' : '') : 'that is all';
    const text = [obsvFormat.counted(shown, 'record'), rest].filter(Boolean).join(' · ');
    obsvDom.write('logs-status', state.busy ? 'Reading…' : shown ? text : '');
    const more = obsvDom.byId('logs-more');
    if (more) more.hidden = !state.cursor || full;
  };

  const load = async () => {
    state.load += 1;
    const mine = state.load;
    state.busy = true;
    status();
    try {
      // The tail's place is taken first: a record between the two requests is shown, not lost.
      const place = await obsvApi.json('logs/tail');
      const found = await obsvApi.json('logs', { ...state.query, ...state.window, limit: PAGE });
      if (mine !== state.load) return;
      Object.assign(state, { lastId: place.last_id, cursor: found.cursor, busy: false });
      lines()?.replaceChildren(...found.logs.map((/** @type {LogRecord} */ each) => line(each)));
      if (found.logs.length) tell('');
      else tell('No records', 'Nothing was logged in this period that these filters let through.');
      status();
    } catch (error) {
      if (mine !== state.load) return;
      Object.assign(state, { busy: false, cursor: null });
      lines()?.replaceChildren();
      tell('Could not read the records', messageOf(error));
      status();
    }
  };

  const more = async () => {
    const list = lines();
    if (!list || state.busy || !state.cursor || list.children.length >= MOST) return;
    const mine = state.load;
    state.busy = true;
    try {
      const found = await obsvApi.json('logs', {
        ...state.query,
        ...state.window,
        limit: PAGE,
        cursor: state.cursor,
      });
      if (mine !== state.load) return;
      state.cursor = found.cursor;
      list.append(...found.logs.map((/** @type {LogRecord} */ each) => line(each)));
    } catch (error) {
      if (mine === state.load) obsvDom.notice(`Could not read on: ${messageOf(error)}`, 'err');
    }
    if (mine !== state.load) return;
    state.busy = false;
    status();
  };

  const tail = async () => {
    const list = lines();
    if (!list || state.busy || state.lastId === null) return;
    const mine = state.load;
    state.busy = true;
    try {
      const found = await obsvApi.json('logs/tail', { ...state.query, after: state.lastId, limit: PAGE });
      if (mine !== state.load) return;
      state.lastId = found.last_id;
      if (found.logs.length) {
        tell('');
        list.prepend(...found.logs.map((/** @type {LogRecord} */ each) => line(each, true)).reverse());
        while (list.children.length > MOST_LIVE) list.lastElementChild?.remove();
      }
      state.busy = false;
      status();
      if (found.more) tail();
    } catch {
      // The shell tells of a lost connection; the next pulse tries again.
      if (mine === state.load) state.busy = false;
    }
  };

  /** @param {boolean} live */
  const setLive = (live) => {
    state.live = live;
    obsvLive.set('logs-live', live);
  };

  /**
   * @param {string} q
   * @param {string} severity
   * @param {string} event
   * @param {string | null} process
   * @param {string | null} service
   * @param {Record<string, string>} picked
   */
  const logsLoad = (q, severity, event, process, service, picked) => {
    const fresh = state.wired !== lines();
    state.wired = lines();
    state.query = { q, severity, event, process, service };
    state.window = picked;
    obsvAddress.set(state.query, fresh ? 'replace' : 'push');
    if (fresh) setLive(obsvLive.isAsked());
    load();
    return Date.now();
  };

  /** @param {number} clicks */
  const logsLive = (clicks) => {
    if (!clicks) return noUpdate();
    setLive(!state.live);
    if (state.live) tail();
    return String(state.live);
  };
  const logsTail = () => {
    if (state.live) tail();
    return noUpdate();
  };
  /** @param {number} clicks */
  const logsMore = (clicks) => {
    if (clicks) more();
    return noUpdate();
  };
  /** @param {number} clicks */
  const logsClear = (clicks) => (clicks ? ['', '', '', null, null] : Array(5).fill(noUpdate()));

  Object.assign(window.dash_clientside.obsv, { logsClear, logsLive, logsLoad, logsMore, logsTail });
})();
