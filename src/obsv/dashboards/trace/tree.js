// @ts-check
// One trace as columns, rows in preorder (GET /api/v1/traces/<id>): what is folded, what failed, what is found.
/**
 * @typedef {{ trace_id: string, start_ns: string, length: number, total: number, span_id: string[],
 *   parent: number[], depth: number[], end: number[], start: number[], duration: number[], self: number[],
 *   flags: number[], process: number[], processes: [string, string, string][], critical: number[],
 *   events: Record<number, number[]>, moved: Record<string, number> }} TraceData
 */
const obsvTree = (() => {
  const FLAG = { error: 1, critical: 2, orphan: 4, circle: 8, moved: 16, events: 32, links: 64, exception: 128 };

  /**
   * Rows that are hidden: below a folded one, or none of those that are to be seen.
   * @param {ArrayLike<number>} end after the last row below each
   * @param {ArrayLike<number>} folded
   * @param {ArrayLike<number> | null} only
   */
  const hidden = (end, folded, only) => {
    const found = new Uint8Array(end.length);
    for (let row = 0; row < end.length; row += 1) {
      if (folded[row]) {
        found.fill(1, row + 1, end[row]);
        row = end[row] - 1;
      }
    }
    if (only) for (let row = 0; row < end.length; row += 1) if (!only[row]) found[row] = 1;
    return found;
  };

  /**
   * Rows that have a flag, and what led to them.
   * @param {Pick<TraceData, 'flags' | 'parent'>} data
   * @param {number} flag
   */
  const only = ({ flags, parent }, flag) => {
    const found = new Uint8Array(flags.length);
    for (let row = 0; row < flags.length; row += 1) {
      if (!(flags[row] & flag)) continue;
      for (let up = row; up >= 0 && !found[up]; up = parent[up]) found[up] = 1;
    }
    return found;
  };

  /**
   * Where it began: failed rows below which nothing failed, in order of time.
   * @param {Pick<TraceData, 'flags' | 'parent' | 'start'>} data
   */
  const errors = ({ flags, parent, start }) => {
    /** @type {number[]} */
    const failed = [];
    const above = new Set();
    for (let row = flags.length - 1; row >= 0; row -= 1) {
      if (!(flags[row] & FLAG.error)) continue;
      if (!above.has(row)) failed.push(row);
      for (let up = parent[row]; up >= 0 && !above.has(up); up = parent[up]) above.add(up);
    }
    return failed.sort((one, other) => start[one] - start[other]);
  };

  /**
   * The parts of the critical path by row, from triples of row, start and end.
   * @param {number[]} critical
   */
  const segments = (critical) => {
    /** @type {Map<number, [number, number][]>} */
    const found = new Map();
    for (let at = 0; at < critical.length; at += 3) {
      const parts = found.get(critical[at]) || [];
      parts.push([critical[at + 1], critical[at + 2]]);
      found.set(critical[at], parts);
    }
    return found;
  };

  /**
   * Rows above one, from its caller upwards.
   * @param {number[]} parent
   * @param {number} row
   */
  const above = (parent, row) => {
    const found = [];
    for (let up = parent[row]; up >= 0; up = parent[up]) found.push(up);
    return found;
  };

  /**
   * Rows whose id it is, or whose service and name have the text.
   * @param {Pick<TraceData, 'span_id' | 'process' | 'processes'>} data
   * @param {string} text
   */
  const named = ({ span_id, process, processes }, text) => {
    const wanted = text.toLowerCase();
    const fits = processes.map(([name, service]) => `${service} ${name}`.toLowerCase().includes(wanted));
    return span_id.flatMap((id, row) => (id === wanted || fits[process[row]] ? [row] : []));
  };

  /** What a name says first, and where that is: `['place', 'shop.orders']`. @param {string} name */
  const split = (name) => {
    const cut = name.includes(' ') ? -1 : name.lastIndexOf('.');
    return cut < 0 ? [name, ''] : [name.slice(cut + 1), name.slice(0, cut)];
  };

  return { FLAG, above, errors, hidden, named, only, segments, split };
})();
