// What stands above the tree: the trace in words, its services, and a map of all spans to zoom into.
(function (shared) {
  const { trace, el } = shared;
  const byId = (id) => document.getElementById(id);

  const titleOf = function () {
    const { data, FLAG } = trace;
    const roots = data.parent.map((above, row) => (above < 0 ? row : -1)).filter((row) => row >= 0);
    const root = roots.reduce((one, other) => (data.duration[other] > data.duration[one] ? other : one), roots[0]);
    const failed = data.flags[root] & FLAG.error;
    const badge = el('span', { class: `badge badge-${failed ? 'err' : 'ok'}` }, failed ? 'ERR' : 'OK');
    const more = roots.length > 1 ? el('span', { class: 'badge badge-plain' }, `${roots.length} roots`) : null;
    return [el('h1', { title: trace.name(root) }, trace.name(root)), badge, more];
  };

  const facts = function () {
    const { data } = trace;
    const spans = data.span_id.length;
    const fact = (label, value, title) => el('span', { class: 'fact', title }, el('span', {}, label), value);
    const depth = data.depth.reduce((most, each) => Math.max(most, each), 0) + 1;
    const short = data.total > spans ? `${shared.count(spans)} of ${shared.count(data.total)}` : shared.count(spans);
    return [
      fact('Started', shared.localNs(data.start_ns), shared.utcNs(data.start_ns)),
      fact('Took', shared.duration(data.length)),
      fact('Spans', short, data.total > spans ? 'A very long trace: a part of it is shown' : null),
      fact('Depth', shared.count(depth)),
      fact('Trace', el('code', {}, data.trace_id)),
      ...Object.entries(data.moved).map(([service, by]) => fact(
        'Clock', `${service} ${by > 0 ? '+' : '−'}${shared.duration(Math.abs(by))}`,
        `Calls of ${service} seemed to begin before their callers; they are drawn this much later.`,
      )),
    ];
  };

  // Services with their share of the time that was spent in none of a call's callees.
  const legend = function () {
    const { data } = trace;
    const own = new Map();
    let total = 0;
    data.self.forEach((self, row) => {
      own.set(trace.owner(row), (own.get(trace.owner(row)) || 0) + self);
      total += self;
    });
    return Array.from(trace.colours).map(([name, at]) => el(
      'span', { class: 'legend', title: `${name}: self time ${shared.duration(own.get(name))}` },
      el('i', { style: `background:var(--series-${at % 8})` }), el('span', { class: 'ellipsis' }, name),
      el('span', { class: 'faint num' }, shared.percent(total ? own.get(name) / total : 0)),
    ));
  };

  trace.describe = function () {
    byId('trace-title').replaceChildren(...titleOf().filter(Boolean));
    byId('trace-facts').replaceChildren(...facts());
    byId('trace-legend').replaceChildren(...legend());
    const jump = byId('trace-error');
    const count = trace.errors.length;
    jump.hidden = !count;
    jump.lastChild.textContent = count === 1 ? '1 error' : `${shared.count(count)} errors`;
    trace.error = undefined;
  };

  // -- the map -----------------------------------------------------------------------------------------------------

  const colourOf = function (name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  };

  // Depth downwards, time to the right; failed spans last, so that none is covered.
  trace.drawMap = function () {
    const canvas = byId('trace-map-canvas');
    if (!canvas || !trace.data) return;
    const { data, FLAG } = trace;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const levels = data.depth.reduce((most, each) => Math.max(most, each), 0) + 1;
    const step = Math.min(7, (height - 6) / levels);
    const colours = Array.from(trace.colours.values(), (at) => colourOf(`--series-${at % 8}`));
    const failed = colourOf('--err');
    const draw = function (row, colour) {
      const left = (data.start[row] / data.length) * width;
      const size = Math.max(1, (data.duration[row] / data.length) * width);
      pen.fillStyle = colour;
      pen.fillRect(left, 3 + data.depth[row] * step, size, Math.max(1, step - 1));
    };
    pen.globalAlpha = 0.75;
    for (let row = 0; row < data.start.length; row += 1) draw(row, colours[trace.colours.get(trace.owner(row))]);
    pen.globalAlpha = 1;
    for (let row = 0; row < data.start.length; row += 1) if (data.flags[row] & FLAG.error) draw(row, failed);
    showZoom();
  };

  const showZoom = function () {
    const [first, last] = trace.zoom;
    const { length } = trace.data;
    const whole = first <= 0 && last >= length;
    const window_ = byId('trace-map-window');
    window_.style.left = `${(first / length) * 100}%`;
    window_.style.width = `${((last - first) / length) * 100}%`;
    window_.hidden = whole;
    byId('trace-zoom-out').hidden = whole;
  };

  trace.setZoom = function (first, last) {
    const least = Math.max(1, trace.data.length / 1e6);
    if (last - first < least) return;
    trace.zoom = [Math.max(0, first), Math.min(trace.data.length, last)];
    showZoom();
    trace.refresh();
  };

  let from = null;
  const timeAt = function (event) {
    const box = byId('trace-map').getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * trace.data.length;
  };
  document.addEventListener('pointerdown', function (event) {
    if (!trace.data || !event.target.closest || !event.target.closest('#trace-map')) return;
    event.preventDefault();
    from = timeAt(event);
  });
  document.addEventListener('pointermove', function (event) {
    if (from === null) return;
    const to = timeAt(event);
    trace.setZoom(Math.min(from, to), Math.max(from, to));
  });
  document.addEventListener('pointerup', () => { from = null; });
  document.addEventListener('dblclick', function (event) {
    if (trace.data && event.target.closest('#trace-map')) trace.setZoom(0, trace.data.length);
  });
  window.addEventListener('resize', () => { if (byId('trace-map-canvas')) trace.drawMap(); });
  // The canvas takes its colours when it is drawn.
  new MutationObserver(() => { if (byId('trace-map-canvas')) trace.drawMap(); })
    .observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
})(window.obsv);
