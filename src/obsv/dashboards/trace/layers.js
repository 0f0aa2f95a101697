// @ts-check
// The boxes of a flame graph: a call as wide as its time, what it called below it, equal siblings as one box.
/**
 * @typedef {{ row: number, rows: number[], failed: number, broken: boolean, took: number, width: number, left: number,
 *   depth: number, above: FlameBox | null, below: FlameBox[] }} FlameBox
 *   `row` stands for the box; `failed` of its `rows`, `broken` if any at or below it did; `took`, `width`, `left` in ns
 */
const obsvLayers = (() => {
  /** @typedef {Pick<TraceData, 'end' | 'parent' | 'process' | 'flags' | 'start' | 'duration'>} Spans */

  /**
   * @param {Spans} data
   * @param {number[]} rows
   * @param {FlameBox | null} above
   * @returns {FlameBox}
   */
  const box = (data, rows, above) => {
    const failed = rows.filter((row) => data.flags[row] & obsvTree.FLAG.error);
    const took = rows.reduce((sum, row) => sum + data.duration[row], 0);
    const depth = above ? above.depth + 1 : 0;
    const row = failed[0] ?? rows[0];
    const broken = failed.length > 0;
    return { row, rows, failed: failed.length, broken, took, width: took, left: 0, depth, above, below: [] };
  };

  /** The rows right below one. @param {ArrayLike<number>} end @param {number} row */
  const called = (end, row) => {
    const found = [];
    for (let at = row + 1; at < end[row]; at = end[at]) found.push(at);
    return found;
  };

  /**
   * Siblings in their order, closed groups of equal ones together as in the waterfall.
   * @param {number[]} siblings
   * @param {Map<number, SiblingGroup>} groups
   * @param {Set<number>} closed
   */
  const folded = (siblings, groups, closed) => {
    /** @type {number[][]} */
    const found = [];
    for (let at = 0; at < siblings.length; at += 1) {
      const group = closed.has(siblings[at]) ? groups.get(siblings[at]) : undefined;
      if (!group) found.push([siblings[at]]);
      else {
        const shown = new Set(obsvSiblings.shown(group));
        const rest = group.rows.filter((row) => !shown.has(row));
        if (rest.length) found.push(rest);
        for (const row of shown) found.push([row]);
        at += group.rows.length - 1;
      }
    }
    return found;
  };

  // What several calls called, by function.
  /** @param {Spans} data @param {number[]} rows */
  const together = (data, rows) => {
    /** @type {Map<number, number[]>} */
    const found = new Map();
    for (const row of rows) {
      for (const each of called(data.end, row)) {
        const same = found.get(data.process[each]);
        if (same) same.push(each);
        else found.set(data.process[each], [each]);
      }
    }
    return Array.from(found.values());
  };

  /**
   * All boxes, callers before what they called.
   * @param {Spans} data
   * @param {Map<number, SiblingGroup>} groups
   * @param {Set<number>} closed groups that are one box
   */
  const build = (data, groups, closed) => {
    const roots = [];
    for (let row = 0; row < data.end.length; row = data.end[row]) roots.push(row);
    const boxes = folded(roots, groups, closed).map((rows) => box(data, rows, null));
    for (let at = 0; at < boxes.length; at += 1) {
      const { rows } = boxes[at];
      const next = rows.length > 1 ? together(data, rows) : folded(called(data.end, rows[0]), groups, closed);
      for (const each of next) {
        const made = box(data, each, boxes[at]);
        boxes[at].below.push(made);
        boxes.push(made);
      }
    }
    measure(boxes);
    return boxes;
  };

  // A call is at least as wide as what it called: calls that ran side by side stand next to each other.
  /** @param {FlameBox[]} boxes */
  const measure = (boxes) => {
    for (let at = boxes.length - 1; at >= 0; at -= 1) {
      const each = boxes[at];
      each.width = Math.max(
        each.width,
        each.below.reduce((sum, one) => sum + one.width, 0),
      );
      if (each.broken && each.above) each.above.broken = true;
    }
    let left = 0;
    for (const each of boxes) {
      if (!each.above) {
        each.left = left;
        left += each.width;
      }
      let inside = each.left;
      for (const one of each.below) {
        one.left = inside;
        inside += one.width;
      }
    }
  };

  /** The boxes of the first level. @param {FlameBox[]} boxes */
  const first = (boxes) => {
    const end = boxes.findIndex((each) => each.above);
    return end < 0 ? boxes : boxes.slice(0, end);
  };

  /**
   * The box of siblings that a place lies in.
   * @param {FlameBox[]} siblings
   * @param {number} place
   */
  const within = (siblings, place) => {
    let [low, high] = [0, siblings.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (siblings[middle].left + siblings[middle].width <= place) low = middle + 1;
      else high = middle;
    }
    return siblings[low] && siblings[low].left <= place ? siblings[low] : null;
  };

  /**
   * The box at a place and depth; null where there is none.
   * @param {FlameBox[]} boxes
   * @param {number} place
   * @param {number} depth
   */
  const at = (boxes, place, depth) => {
    let found = within(first(boxes), place);
    while (found && found.depth < depth) found = within(found.below, place);
    return found;
  };

  /**
   * Where an arrow leads from a box; the box itself where there is nothing.
   * @param {FlameBox[]} boxes
   * @param {FlameBox} from
   * @param {string} key
   */
  const step = (boxes, from, key) => {
    const siblings = from.above ? from.above.below : first(boxes);
    const place = siblings.indexOf(from);
    if (key === 'ArrowUp') return from.above || from;
    if (key === 'ArrowDown') return from.below[0] || from;
    return siblings[place + (key === 'ArrowLeft' ? -1 : 1)] || from;
  };

  return { at, build, first, step };
})();
