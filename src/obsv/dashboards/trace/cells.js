// How a span's row is drawn. React makes the elements, so whatever a name says is text.

(function (cells, shared) {
  const h = (...args) => window.React.createElement(...args);
  const INDENT = 14;
  // Deeper rows are not indented further, or the names would be gone.
  const DEEPEST = 24;
  const trace = () => shared.trace;

  const split = function (name) {
    const cut = name.includes(' ') ? -1 : name.lastIndexOf('.');
    return cut < 0 ? [name, ''] : [name.slice(cut + 1), name.slice(0, cut)];
  };

  const toggleOf = function (row, folded) {
    const below = trace().children(row);
    if (!below) return h('span', { className: 'tn-toggle', key: 't' });
    return h('button', {
      key: 't',
      className: 'tn-toggle',
      tabIndex: -1,
      'aria-expanded': !folded,
      'aria-label': folded ? `show ${below} spans` : 'fold',
      onClick: (event) => { event.stopPropagation(); trace().toggle(row); },
    }, h('i', { className: folded ? 'caret' : 'caret caret-open' }));
  };

  const marksOf = function (row, flags, folded) {
    const { FLAG } = trace();
    const mark = (text, title, kind) => h('span', { key: text, className: `badge badge-${kind}`, title }, text);
    return [
      flags & FLAG.error ? mark('ERR', 'This call failed', 'err') : null,
      flags & FLAG.orphan ? mark('caller missing', 'Its caller was not recorded, or has not arrived yet', 'stale') : null,
      flags & FLAG.circle ? mark('circle', 'Its callers run in a circle; it is cut here', 'stale') : null,
      folded ? mark(`+${shared.count(trace().children(row))}`, 'Folded', 'plain') : null,
    ];
  };

  cells.TraceName = function ({ data }) {
    const { i: row } = data;
    const view = trace();
    const flags = view.data.flags[row];
    const folded = view.folded[row];
    const depth = view.data.depth[row];
    const [own, module] = split(view.name(row));
    const label = `level ${depth + 1}, ${view.service(row)}`;
    const found = view.found.has(row) ? ' tn-found' : '';
    return h('div', { className: `tn${found}`, title: `${view.name(row)}\n${view.service(row)}` }, [
      h('span', { key: 'g', className: 'tn-guides', style: { width: Math.min(depth, DEEPEST) * INDENT } },
        depth > DEEPEST ? h('span', { className: 'tn-deep' }, `${depth}`) : null),
      toggleOf(row, folded),
      h('i', { key: 's', className: 'tn-service', style: { background: view.colour(row) } }),
      h('span', { key: 'l', className: 'visually-hidden' }, label),
      h('span', { key: 'n', className: flags & view.FLAG.error ? 'tn-own tn-err' : 'tn-own' }, own),
      module ? h('span', { key: 'm', className: 'tn-module' }, module) : null,
      ...marksOf(row, flags, folded),
    ]);
  };

  // Where a time stands in the bar column, in percent; null when out of sight.
  const place = function (start, end, [first, last]) {
    if (end < first || start > last) return null;
    const length = last - first;
    const left = Math.max(0, (start - first) / length);
    const right = Math.min(1, (end - first) / length);
    return { left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%` };
  };

  cells.TraceBar = function ({ data }) {
    const { i: row } = data;
    const view = trace();
    const { data: columns, zoom, FLAG } = view;
    const start = columns.start[row];
    const end = start + columns.duration[row];
    const flags = columns.flags[row];
    const where = place(start, end, zoom);
    const parts = [];
    if (where) {
      const kind = `tb-bar${flags & FLAG.error ? ' tb-err' : ''}${view.children(row) ? '' : ' tb-leaf'}`;
      parts.push(h('div', { key: 'b', className: kind, style: { ...where, '--c': view.colour(row) } }));
    }
    if (flags & FLAG.critical) {
      (view.segments.get(row) || []).forEach(([from, to], at) => {
        const segment = place(from, to, zoom);
        if (segment) parts.push(h('div', { key: `c${at}`, className: 'tb-critical', style: segment }));
      });
    }
    (columns.events[row] || []).forEach((time, at) => {
      const point = place(time, time, zoom);
      if (point) parts.push(h('i', { key: `e${at}`, className: 'tb-event', style: { left: point.left } }));
    });
    return h('div', { className: 'tb', title: titleOf(row), style: linesOf(zoom) }, parts);
  };

  const titleOf = function (row) {
    const { data, FLAG } = trace();
    const lines = [
      `starts at ${shared.duration(data.start[row])}`,
      `took ${shared.duration(data.duration[row])}, of it ${shared.duration(data.self[row])} itself`,
    ];
    if (data.flags[row] & FLAG.critical) lines.push('on the critical path');
    if (data.flags[row] & FLAG.moved) lines.push('moved: the clock of this service differs');
    if (data.flags[row] & FLAG.events) lines.push(`${data.events[row].length} events`);
    if (data.flags[row] & FLAG.links) lines.push('has links');
    return lines.join('\n');
  };

  // The last label stands to the right of its tick, and needs the room.
  const LABELLED = 0.93;
  // The largest of 1, 2 and 5 times a power of ten that gives an axis from 0 four ticks; there are never more than eight.
  const stepOf = function ([first, last]) {
    const most = (last - first) * LABELLED / 3;
    const power = 10 ** Math.floor(Math.log10(most));
    return Math.max(1, power * [5, 2, 1].find((times) => times * power <= most));
  };
  const linesOf = function (zoom) {
    const [first, last] = zoom;
    const step = stepOf(zoom);
    const percent = (time) => `${time / (last - first) * 100}%`;
    return { '--at': percent(Math.ceil(first / step) * step - first), '--step': percent(step) };
  };
  const ticksOf = function (zoom) {
    const [first, last] = zoom;
    const step = stepOf(zoom);
    const ticks = [];
    for (let at = Math.ceil(first / step); at * step <= first + (last - first) * LABELLED; at += 1) ticks.push(at * step);
    return ticks;
  };

  // The header of the bar column: an axis that follows the zoom.
  cells.TraceAxis = function () {
    const [, redraw] = window.React.useState(0);
    window.React.useEffect(() => {
      const listener = () => redraw((count) => count + 1);
      trace().listeners.add(listener);
      return () => trace().listeners.delete(listener);
    }, []);
    if (!trace().data) return h('div', { className: 'tb-axis' });
    const [first, last] = trace().zoom;
    return h('div', { className: 'tb-axis' }, ticksOf([first, last]).map((time) => h('span', {
      key: time, style: { left: `${(time - first) / (last - first) * 100}%` },
    }, shared.tick(time, last - first))));
  };
})(window.dashAgGridComponentFunctions, window.obsv);
