// @ts-check
// How a span's row is drawn. React makes the elements, so whatever a name says is text.
(() => {
  const h = (/** @type {any[]} */ ...args) => window.React.createElement(...args);
  const INDENT = 14;
  // Deeper rows are not indented further, or the names would be gone.
  const DEEPEST = 24;
  const view = () => obsvTrace.view;
  /** @typedef {{ data: { i: number } }} Cell */

  /**
   * @param {number} row
   * @param {boolean} folded
   */
  const toggleOf = (row, folded) => {
    const below = obsvTrace.below(row);
    if (!below) return h('span', { className: 'tn-toggle', key: 't' });
    const about = {
      key: 't',
      className: 'tn-toggle',
      tabIndex: -1,
      'aria-expanded': !folded,
      'aria-label': folded ? `show ${obsvFormat.counted(below, 'span')}` : 'fold',
      onClick: (/** @type {Event} */ event) => {
        event.stopPropagation();
        obsvTrace.toggle(row);
      },
    };
    return h('button', about, h('i', { className: folded ? 'caret' : 'caret caret-open' }));
  };

  /**
   * @param {number} row
   * @param {number} flags
   * @param {boolean} folded
   */
  const marksOf = (row, flags, folded) => {
    const mark = (/** @type {string} */ text, /** @type {string} */ title, /** @type {string} */ kind) =>
      h('span', { key: text, className: `badge badge-${kind}`, title }, text);
    return [
      flags & obsvTree.FLAG.error ? mark('ERR', 'This call failed', 'err') : null,
      flags & obsvTree.FLAG.orphan
        ? mark('caller missing', 'Its caller was not recorded, or has not arrived yet', 'stale')
        : null,
      flags & obsvTree.FLAG.circle ? mark('circle', 'Its callers run in a circle; it is cut here', 'stale') : null,
      folded ? mark(`+${obsvFormat.exact(obsvTrace.below(row))}`, 'Folded', 'plain') : null,
    ];
  };

  // The first of equal siblings says how many there are, and folds the others.
  /** @param {number} row */
  const groupOf = (row) => {
    const group = view().groups.get(row);
    if (!group) return null;
    const closed = view().closed.has(row);
    const text = obsvSiblings.label(group);
    const about = {
      key: 'siblings',
      className: `badge badge-${group.failed.length ? 'err' : 'accent'} tn-group`,
      tabIndex: -1,
      'aria-expanded': !closed,
      title: closed ? 'Show all of these calls' : 'Fold these calls: those that failed stay',
      onClick: (/** @type {Event} */ event) => {
        event.stopPropagation();
        obsvTrace.toggleGroup(row);
      },
    };
    return h('button', about, text);
  };

  /** @param {number} row */
  const colour = (row) => `var(--series-${obsvTrace.series(row)})`;

  const TraceName = (/** @type {Cell} */ { data }) => {
    const { i: row } = data;
    const flags = view().data.flags[row];
    const folded = Boolean(view().folded[row]);
    const depth = view().data.depth[row];
    const [own, module] = obsvTree.split(obsvTrace.name(row));
    const deep = depth > DEEPEST ? h('span', { className: 'tn-deep' }, `${depth}`) : null;
    return h(
      'div',
      {
        className: view().found.has(row) ? 'tn tn-found' : 'tn',
        title: `${obsvTrace.name(row)}\n${obsvTrace.service(row)}`,
      },
      [
        h('span', { key: 'g', className: 'tn-guides', style: { width: Math.min(depth, DEEPEST) * INDENT } }, deep),
        toggleOf(row, folded),
        h('i', { key: 's', className: 'tn-service', style: { background: colour(row) } }),
        h('span', { key: 'l', className: 'visually-hidden' }, `level ${depth + 1}, ${obsvTrace.service(row)}`),
        h('span', { key: 'n', className: flags & obsvTree.FLAG.error ? 'tn-own tn-err' : 'tn-own' }, own),
        module ? h('span', { key: 'm', className: 'tn-module' }, module) : null,
        groupOf(row),
        ...marksOf(row, flags, folded),
      ],
    );
  };

  const TraceBar = (/** @type {Cell} */ { data }) => {
    const { i: row } = data;
    const { data: columns, zoom } = view();
    const start = columns.start[row];
    const flags = columns.flags[row];
    const parts = [];
    const group = view().closed.has(row) ? view().groups.get(row) : undefined;
    const all = group && obsvAxis.place(group.first, group.last, zoom);
    if (all) parts.push(h('div', { key: 'a', className: 'tb-group', style: { ...all, '--c': colour(row) } }));
    const where = obsvAxis.place(start, start + columns.duration[row], zoom);
    if (where) {
      const kind = `tb-bar${flags & obsvTree.FLAG.error ? ' tb-err' : ''}${obsvTrace.below(row) ? '' : ' tb-leaf'}`;
      parts.push(h('div', { key: 'b', className: kind, style: { ...where, '--c': colour(row) } }));
    }
    for (const [from, to] of (flags & obsvTree.FLAG.critical && view().segments.get(row)) || []) {
      const segment = obsvAxis.place(from, to, zoom);
      if (segment) parts.push(h('div', { key: `c${from}`, className: 'tb-critical', style: segment }));
    }
    for (const [at, time] of (columns.events[row] || []).entries()) {
      const point = obsvAxis.place(time, time, zoom);
      if (point) parts.push(h('i', { key: `e${at}`, className: 'tb-event', style: { left: point.left } }));
    }
    return h('div', { className: 'tb', title: titleOf(row), style: obsvAxis.lines(zoom) }, parts);
  };

  /** @param {number} row */
  const titleOf = (row) => {
    const { data } = view();
    const { duration } = obsvFormat;
    const lines = [
      `starts at ${duration(data.start[row])}`,
      `took ${duration(data.duration[row])}, of it ${duration(data.self[row])} itself`,
    ];
    if (data.flags[row] & obsvTree.FLAG.critical) lines.push('on the critical path');
    if (data.flags[row] & obsvTree.FLAG.moved) lines.push('moved: the clock of this service differs');
    if (data.flags[row] & obsvTree.FLAG.events) lines.push(obsvFormat.counted(data.events[row].length, 'event'));
    if (data.flags[row] & obsvTree.FLAG.links) lines.push('has links');
    return lines.join('\n');
  };

  // The header of the bar column: an axis that follows the zoom.
  const TraceAxis = () => {
    const [, redraw] = window.React.useState(0);
    window.React.useEffect(() => {
      const listener = () => redraw((/** @type {number} */ count) => count + 1);
      view().listeners.add(listener);
      return () => view().listeners.delete(listener);
    }, []);
    if (!view().data) return h('div', { className: 'tb-axis' });
    const [first, last] = view().zoom;
    const label = (/** @type {number} */ time) => {
      const style = { left: `${((time - first) / (last - first)) * 100}%` };
      return h('span', { key: time, style }, obsvFormat.tick(time, last - first));
    };
    return h('div', { className: 'tb-axis' }, obsvAxis.ticks(view().zoom).map(label));
  };

  Object.assign(window.dashAgGridComponentFunctions, { TraceAxis, TraceBar, TraceName });
})();
