// @ts-check
// The flame graph: drawn on a canvas as large as what is in sight, so that 50,000 spans scroll as 50 do.
const obsvFlame = (() => {
  const HEIGHT = 20; // of a box, in px
  const ROOM = 36; // px that a name needs
  const LETTER = 6.3; // px, on the average
  const { byId } = obsvDom;
  const view = () => obsvTrace.view;

  /** @type {FlameBox[]} */
  let boxes = [];
  /** @type {FlameBox[]} by row */
  let boxOf = [];
  /** @type {FlameBox | null} */
  let chosen = null;
  /** @type {FlameBox | null} what is as wide as the graph; null: all */
  let zoomed = null;
  let stale = true;

  const isOn = () => byId('trace-body')?.classList.contains('with-flame') || false;
  const frame = () => /** @type {HTMLElement} */ (byId('trace-flame'));

  /** First and last place in sight. @returns {[number, number]} */
  const sight = () => {
    if (zoomed) return [zoomed.left, zoomed.left + zoomed.width];
    const last = obsvLayers.first(boxes).at(-1);
    return [0, Math.max(1, last ? last.left + last.width : 1)];
  };

  const rebuild = () => {
    const [row, zoom] = [chosen?.row, zoomed?.row];
    boxes = obsvLayers.build(view().data, view().groups, view().closed);
    boxOf = [];
    for (const box of boxes) for (const each of box.rows) boxOf[each] = box;
    chosen = row === undefined ? null : boxOf[row];
    zoomed = zoom === undefined ? null : boxOf[zoom];
    stale = false;
  };

  // -- what is drawn -------------------------------------------------------------------------------------------------

  const NAMES = ['text', 'err', 'stale', 'accent', 'line', ...Array.from({ length: 8 }, (_, at) => `series-${at}`)];
  const palette = () => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  };

  /** @param {FlameBox} box */
  const label = (box) => {
    const [own] = obsvTree.split(obsvTrace.name(box.row));
    if (box.rows.length === 1) return own;
    const failed = box.failed ? `, ${obsvFormat.exact(box.failed)} failed` : '';
    return `${own} × ${obsvFormat.exact(box.rows.length)}${failed}`;
  };

  /** What is said of a box below the graph. @param {FlameBox} box */
  const told = (box) => {
    const { data } = view();
    const own = Math.max(
      0,
      box.rows.reduce((sum, row) => sum + data.self[row], 0),
    );
    const parts = [
      obsvTrace.name(box.row),
      box.rows.length > 1 ? `${obsvFormat.exact(box.rows.length)} calls` : '',
      `took ${obsvFormat.duration(box.took)} (${obsvFormat.percent(box.took / Math.max(1, data.length))} of the trace)`,
      `itself ${obsvFormat.duration(own)}`,
      box.failed ? (box.rows.length > 1 ? `${obsvFormat.exact(box.failed)} failed` : 'failed') : '',
    ];
    return parts.filter(Boolean).join(' · ');
  };

  /** @param {FlameBox} box */
  const isFaint = (box) => {
    const { only } = view();
    return only !== null && !box.rows.some((row) => only[row]);
  };

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Record<string, string>} colours
   * @param {FlameBox} box
   * @param {[number, number, number]} place left, top and width in px
   */
  const drawBox = (pen, colours, box, [left, top, width]) => {
    const wide = Math.max(1, width - 1);
    const faint = isFaint(box);
    // Of several calls those that failed are a part of the box, never thinner than can be seen.
    const broken = box.failed ? Math.min(wide, Math.max(3, (box.failed / box.rows.length) * wide)) : 0;
    const plain = colours[`series-${obsvTrace.series(box.row)}`];
    pen.globalAlpha = faint ? 0.12 : 0.32;
    pen.fillStyle = plain;
    pen.fillRect(left + broken, top, wide - broken, HEIGHT - 1);
    pen.globalAlpha = faint ? 0.12 : 0.45;
    pen.fillStyle = colours.err;
    pen.fillRect(left, top, broken, HEIGHT - 1);
    pen.globalAlpha = faint ? 0.3 : 1;
    pen.fillStyle = broken ? colours.err : plain;
    if (width > 4) pen.fillRect(left, top, 2, HEIGHT - 1);
    if (view().hits.length && box.rows.some((row) => view().found.has(row))) {
      pen.fillStyle = colours.stale;
      pen.fillRect(left, top + HEIGHT - 4, Math.max(2, width - 1), 3);
    }
    if (width >= ROOM) {
      const text = label(box);
      const fits = Math.floor((width - 12) / LETTER);
      pen.fillStyle = colours.text;
      pen.fillText(text.length > fits ? `${text.slice(0, fits - 1)}…` : text, left + 7, top + HEIGHT / 2);
    }
    pen.globalAlpha = 1;
  };

  const draw = () => {
    const canvas = /** @type {HTMLCanvasElement | null} */ (byId('trace-flame-canvas'));
    const pen = canvas?.getContext('2d');
    if (!canvas || !pen || !view().data || !isOn()) return;
    if (stale) rebuild();
    const [width, height] = [frame().clientWidth, frame().clientHeight];
    const depth = boxes.reduce((most, box) => Math.max(most, box.depth), 0) + 1;
    /** @type {HTMLElement} */ (byId('trace-flame-room')).style.height = `${Math.max(height, depth * HEIGHT)}px`;
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    pen.scale(ratio, ratio);
    pen.font = `11.5px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = 'middle';
    paint(pen, width, height);
  };

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} width
   * @param {number} height
   */
  const paint = (pen, width, height) => {
    const colours = palette();
    const [first, last] = sight();
    const scroll = frame().scrollTop;
    /** @type {[number, number, number][]} */
    const marks = []; // failures that are thinner than a pixel
    const open = obsvLayers.first(boxes).slice();
    for (let box = open.pop(); box; box = open.pop()) {
      const from = Math.max(first, box.left);
      const to = Math.min(last, box.left + box.width);
      const top = box.depth * HEIGHT - scroll;
      if (to < from || (to === from && box.width) || top > height) continue;
      const [left, wide] = [((from - first) / (last - first)) * width, ((to - from) / (last - first)) * width];
      if (wide < 1) {
        if (box.broken) marks.push([left, top, 3]);
        continue;
      }
      if (top > -HEIGHT) drawBox(pen, colours, box, [left, top, wide]);
      for (const each of box.below) open.push(each);
    }
    pen.fillStyle = colours.err;
    for (const [left, top, wide] of marks) pen.fillRect(Math.min(left, width - wide), top, wide, HEIGHT - 1);
    if (chosen) outline(pen, colours.accent, chosen, [first, last], width, scroll);
  };

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {string} colour
   * @param {FlameBox} box
   * @param {[number, number]} sight
   * @param {number} width
   * @param {number} scroll
   */
  const outline = (pen, colour, box, [first, last], width, scroll) => {
    const from = (Math.max(first, box.left) - first) / (last - first);
    const to = (Math.min(last, box.left + box.width) - first) / (last - first);
    if (to < from) return;
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.strokeRect(from * width + 1, box.depth * HEIGHT - scroll + 1, Math.max(3, (to - from) * width - 3), HEIGHT - 3);
  };

  let asked = 0;
  const later = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(draw);
  };

  // -- what is chosen ------------------------------------------------------------------------------------------------

  const tell = () => {
    obsvDom.write('trace-flame-said', chosen ? told(chosen) : 'Choose a call, with the mouse or the arrow keys.');
    for (const [id, off] of /** @type {[string, boolean][]} */ ([
      ['trace-flame-in', !chosen || chosen === zoomed],
      ['trace-flame-out', !zoomed],
    ])) {
      const button = /** @type {HTMLButtonElement | null} */ (byId(id));
      if (button) button.disabled = off;
    }
  };

  /** @param {FlameBox} box */
  const choose = (box) => {
    chosen = box;
    const top = box.depth * HEIGHT;
    const { clientHeight, scrollTop } = frame();
    if (top < scrollTop) frame().scrollTop = top;
    if (top + HEIGHT > scrollTop + clientHeight) frame().scrollTop = top + HEIGHT - clientHeight;
    const [first, last] = sight();
    // Out of sight to a side: the caller around both is zoomed to.
    while (zoomed && (box.left + box.width <= first || box.left >= last) && !contains(zoomed, box))
      zoomed = zoomed.above;
    tell();
    later();
  };

  /** @param {FlameBox} outer @param {FlameBox} inner */
  const contains = (outer, inner) => outer.left <= inner.left && inner.left + inner.width <= outer.left + outer.width;

  /** Choose the box of a row. @param {number} row */
  const select = (row) => {
    if (!isOn()) return;
    if (stale) rebuild();
    if (boxOf[row]) choose(boxOf[row]);
  };

  /** @param {FlameBox | null} box */
  const zoom = (box) => {
    zoomed = box;
    obsvAddress.set({ zoom: box ? view().data.span_id[box.row] : null }, 'push');
    tell();
    later();
  };

  /** Zoom as the address says. @param {string | null} span */
  const zoomTo = (span) => {
    const row = span ? view().rows.get(span) : undefined;
    if (stale && view().data) rebuild();
    zoomed = row === undefined ? null : boxOf[row] || null;
    tell();
    later();
  };

  /** Show one of the two. @param {boolean} on */
  const show = (on) => {
    byId('trace-body')?.closest('.trace-page')?.classList.toggle('flame', on);
    byId('trace-body')?.classList.toggle('with-flame', on);
    byId('trace-flame-switch')?.setAttribute('aria-pressed', String(on));
    if (!on) return;
    stale = true;
    zoomTo(obsvAddress.get('zoom'));
  };

  const toggle = () => {
    const on = !isOn();
    const row = on ? obsvTrace.selected() : chosen?.row;
    obsvAddress.set({ view: on ? 'flame' : null, zoom: null }, 'push');
    show(on);
    if (row !== undefined) obsvTrace.reveal(row, false);
    if (on) frame().focus();
  };

  // -- pointer and keys ----------------------------------------------------------------------------------------------

  /** @param {MouseEvent} event */
  const under = (event) => {
    if (!obsvDom.around(event, '#trace-flame') || !view().data) return null;
    const area = frame().getBoundingClientRect();
    const [first, last] = sight();
    const place = first + ((event.clientX - area.left) / frame().clientWidth) * (last - first);
    const depth = Math.floor((event.clientY - area.top + frame().scrollTop) / HEIGHT);
    const found = obsvLayers.at(boxes, place, depth);
    return found?.depth === depth ? found : null;
  };

  document.addEventListener('click', (event) => {
    const box = under(event);
    if (box) obsvTrace.reveal(box.row, true);
  });
  document.addEventListener('dblclick', (event) => {
    const box = under(event);
    if (box) zoom(box === zoomed ? null : box);
  });
  document.addEventListener('pointermove', (event) => {
    if (!obsvDom.around(event, '#trace-flame')) return;
    const box = under(event);
    frame().title = box ? told(box) : '';
  });

  /** @type {Record<string, () => void>} */
  const buttons = {
    'trace-flame-switch': toggle,
    'trace-flame-in': () => zoom(chosen),
    'trace-flame-out': () => zoom(zoomed?.above || null),
  };
  document.addEventListener('click', (event) => {
    const button = obsvDom.around(event, 'button[id^="trace-flame-"]');
    if (button && view().data) buttons[button.id]?.();
  });

  /** @param {string} key */
  const go = (key) => {
    if (!chosen) return obsvLayers.first(boxes)[0];
    if (key.startsWith('Arrow')) return obsvLayers.step(boxes, chosen, key);
    return { j: boxes[boxes.indexOf(chosen) + 1], k: boxes[boxes.indexOf(chosen) - 1] }[key];
  };

  /** What a key does in the graph; true when it was for it. @param {KeyboardEvent} event */
  const key = (event) => {
    if (event.key === 'f') toggle();
    else if (!isOn()) return false;
    else if (event.key === 'z' && chosen) zoom(chosen);
    else if (event.key === 'Z') zoom(zoomed?.above || null);
    else if (event.key === '0') zoom(null);
    else if (event.key === 'Enter' && chosen && event.target === frame()) obsvTrace.reveal(chosen.row, true, true);
    else if (event.key.startsWith('Arrow') && obsvDom.around(event, '#trace-panel'))
      return false; // they scroll it
    else if (['j', 'k', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'].includes(event.key)) {
      const box = go(event.key);
      if (box) choose(box);
      frame().focus();
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  document.addEventListener('scroll', (event) => event.target === byId('trace-flame') && later(), true);
  window.addEventListener('resize', later);
  new MutationObserver(later).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });

  const changed = () => {
    stale = true;
    later();
  };
  const focus = () => frame().focus();

  return { changed, focus, isOn, key, later, select, show, zoomTo };
})();
