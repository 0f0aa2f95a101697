// @ts-check
// What stands above the tree: the trace in words, its services, and a map of all spans to zoom into.
const obsvMap = (() => {
  const { byId, el } = obsvDom;
  const view = () => obsvTrace.view;

  const titleOf = () => {
    const { data } = view();
    const roots = data.parent.map((above, row) => (above < 0 ? row : -1)).filter((row) => row >= 0);
    const root = roots.reduce((one, other) => (data.duration[other] > data.duration[one] ? other : one), roots[0]);
    const failed = data.flags[root] & obsvTree.FLAG.error;
    const badge = el('span', { class: `badge badge-${failed ? 'err' : 'ok'}` }, failed ? 'ERR' : 'OK');
    const more = roots.length > 1 ? [el('span', { class: 'badge badge-plain' }, `${roots.length} roots`)] : [];
    return [el('h1', { title: obsvTrace.name(root) }, obsvTrace.name(root)), badge, ...more];
  };

  /**
   * @param {string} label
   * @param {string | Node} value
   * @param {string | null} [title]
   */
  const fact = (label, value, title) => el('span', { class: 'fact', title }, el('span', {}, label), value);

  const facts = () => {
    const { data } = view();
    const { duration, exact } = obsvFormat;
    const spans = data.span_id.length;
    const depth = data.depth.reduce((most, each) => Math.max(most, each), 0) + 1;
    const short = data.total > spans ? `${exact(spans)} of ${exact(data.total)}` : exact(spans);
    const moved = Object.entries(data.moved).map(([service, by]) =>
      fact(
        'Clock',
        `${service} ${by > 0 ? '+' : '−'}${duration(Math.abs(by))}`,
        `Calls of ${service} seemed to begin before their callers; they are drawn this much later.`,
      ),
    );
    return [
      fact('Started', obsvFormat.localNs(data.start_ns), obsvFormat.utcNs(data.start_ns)),
      fact('Took', duration(data.length)),
      fact('Spans', short, data.total > spans ? 'A very long trace: a part of it is shown' : null),
      fact('Depth', exact(depth)),
      fact('Trace', el('code', {}, data.trace_id)),
      ...moved,
    ];
  };

  // Services with their share of the time that was spent in none of a call's callees.
  const legend = () => {
    /** @type {Map<string, number>} */
    const own = new Map();
    let total = 0;
    view().data.self.forEach((self, row) => {
      own.set(obsvTrace.owner(row), (own.get(obsvTrace.owner(row)) || 0) + self);
      total += self;
    });
    return Array.from(view().colours, ([name, at]) => {
      const self = own.get(name) || 0;
      return el(
        'span',
        { class: 'legend', title: `${name}: self time ${obsvFormat.duration(self)}` },
        el('i', { style: `background:var(--series-${at % 8})` }),
        el('span', { class: 'ellipsis' }, name),
        el('span', { class: 'faint num' }, obsvFormat.percent(total ? self / total : 0)),
      );
    });
  };

  const describe = () => {
    document.title = `${titleOf()[0].textContent} · Trace · obsv`;
    byId('trace-title')?.replaceChildren(...titleOf());
    byId('trace-facts')?.replaceChildren(...facts());
    byId('trace-legend')?.replaceChildren(...legend());
    const jump = byId('trace-error');
    const count = view().errors.length;
    if (!jump?.lastChild) return;
    jump.hidden = !count;
    jump.lastChild.textContent = obsvFormat.counted(count, 'error');
  };

  // -- the map -------------------------------------------------------------------------------------------------------

  /** @param {string} name */
  const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Depth downwards, time to the right; failed spans last, so that none is covered.
  const draw = () => {
    const canvas = /** @type {HTMLCanvasElement | null} */ (byId('trace-map-canvas'));
    const pen = canvas?.getContext('2d');
    if (!canvas || !pen || !view().data) return;
    const { data } = view();
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    pen.scale(ratio, ratio);
    const levels = data.depth.reduce((most, each) => Math.max(most, each), 0) + 1;
    const step = Math.min(7, (height - 6) / levels);
    const span = (/** @type {number} */ row, /** @type {string} */ colour, /** @type {number} */ least) => {
      const left = (data.start[row] / data.length) * width;
      const size = Math.max(least, (data.duration[row] / data.length) * width);
      pen.fillStyle = colour;
      pen.fillRect(left, 3 + data.depth[row] * step, size, Math.max(least, step - 1));
    };
    const colours = Array.from({ length: 8 }, (_, at) => colourOf(`--series-${at}`));
    pen.globalAlpha = 0.75;
    for (let row = 0; row < data.start.length; row += 1) span(row, colours[obsvTrace.series(row)], 1);
    pen.globalAlpha = 1;
    const failed = colourOf('--err');
    for (let row = 0; row < data.start.length; row += 1)
      if (data.flags[row] & obsvTree.FLAG.error) span(row, failed, 3);
    // And once more along the lower edge: among thousands of spans a failed one is a point.
    for (const row of view().errors) {
      pen.fillStyle = failed;
      pen.fillRect((data.start[row] / data.length) * width - 2, height - 6, 5, 6);
    }
    showZoom();
  };

  const showZoom = () => {
    const [first, last] = view().zoom;
    const { length } = view().data;
    const whole = first <= 0 && last >= length;
    const part = byId('trace-map-window');
    if (part) {
      part.style.left = `${(first / length) * 100}%`;
      part.style.width = `${((last - first) / length) * 100}%`;
      part.hidden = whole;
    }
    const out = byId('trace-zoom-out');
    if (out) out.hidden = whole;
  };

  /**
   * @param {number} first
   * @param {number} last
   */
  const setZoom = (first, last) => {
    const least = Math.max(1, view().data.length / 1e6);
    if (last - first < least) return;
    view().zoom = [Math.max(0, first), Math.min(view().data.length, last)];
    showZoom();
    obsvTrace.refresh();
  };

  /** @type {number | null} */
  let from = null;
  /** @param {PointerEvent} event */
  const timeAt = (event) => {
    const box = /** @type {HTMLElement} */ (byId('trace-map')).getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * view().data.length;
  };
  document.addEventListener('pointerdown', (event) => {
    if (!view().data || !obsvDom.around(event, '#trace-map')) return;
    event.preventDefault();
    from = timeAt(event);
  });
  document.addEventListener('pointermove', (event) => {
    if (from === null) return;
    const to = timeAt(event);
    setZoom(Math.min(from, to), Math.max(from, to));
  });
  for (const kind of ['pointerup', 'pointercancel']) {
    document.addEventListener(kind, () => {
      from = null;
    });
  }
  document.addEventListener('dblclick', (event) => {
    if (view().data && obsvDom.around(event, '#trace-map')) setZoom(0, view().data.length);
  });
  window.addEventListener('resize', draw);
  // The canvas takes its colours when it is drawn.
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });

  return { describe, draw, setZoom };
})();
