// @ts-check
// Charts that are pointed at: a part of a time chart that is dragged over, or a bar that is clicked, becomes the page's
// time; a bar of a histogram of durations opens its calls.
const obsvChart = (() => {
  /**
   * The window that begins at a point of a time chart, or reaches from one to another.
   * @param {string} from local time as plotly has it
   * @param {string | number} to local time, or ms after `from`
   */
  const range = (from, to) => {
    const start = obsvFormat.utcOf(from);
    const end = typeof to === 'string' ? obsvFormat.utcOf(to) : start && new Date(Date.parse(start) + to).toISOString();
    return start && end ? { range: null, from: start, to: end } : null;
  };

  /**
   * The address of the calls of a histogram's bar.
   * @param {Record<string, string>} query of the histogram
   * @param {[string, number, number]} bar text, and its two durations in ms
   */
  const calls = (query, [, low, high]) =>
    obsvRoot.under(`/explorer?${new URLSearchParams({ ...query, min_ms: String(low), max_ms: String(high) })}`);

  /** @param {any} graph */
  const watch = (graph) => {
    if (graph.watched || !graph.on) return;
    graph.watched = true;
    const step = () => graph.layout?.meta?.step_ms;
    graph.on('plotly_click', (/** @type {any} */ event) => {
      const [point] = event.points;
      const { meta } = point.data;
      if (step()) choose(range(point.x, step()));
      else if (meta?.calls) window.dash_clientside.set_props('location', { href: calls(meta.calls, point.customdata) });
    });
    // The mark of a deployment or a new version.
    graph.on('plotly_clickannotation', (/** @type {any} */ event) => changes(event.annotation.name));
    graph.on('plotly_relayout', (/** @type {Record<string, string>} */ event) => {
      if (step() && event['xaxis.range[0]']) choose(range(event['xaxis.range[0]'], event['xaxis.range[1]']));
    });
  };
  /** What changed since a milestone. @param {string | undefined} name */
  const changes = (name) => {
    if (!name) return;
    const href = obsvRoot.under(`/changes?${new URLSearchParams({ since: name })}`);
    window.dash_clientside.set_props('location', { href });
  };

  // A mark in a small chart, which may stand in a link to something else.
  document.addEventListener(
    'click',
    (event) => {
      const mark = obsvDom.around(event, '[data-since]');
      if (!mark) return;
      event.preventDefault();
      event.stopPropagation();
      changes(mark.dataset.since);
    },
    true,
  );

  /** @param {Record<string, unknown> | null} entries */
  const choose = (entries) => {
    if (entries) obsvAddress.set(entries, 'go');
  };

  // Before the chart itself hears of it.
  for (const kind of ['pointerdown', 'pointerover']) {
    document.addEventListener(
      kind,
      (event) => {
        const graph = obsvDom.around(event, '.js-plotly-plot');
        if (graph) watch(graph);
      },
      true,
    );
  }

  return { calls, range };
})();
