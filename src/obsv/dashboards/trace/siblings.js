// @ts-check
// Equal siblings of a trace as one row: "step × 2,000, one failed". Those that failed stay in sight.
/** @typedef {{ lead: number, rows: number[], failed: number[], first: number, last: number }} SiblingGroup */
const obsvSiblings = (() => {
  const LEAST = 10; // calls of one function in a row: fewer are read faster than unfolded
  const MOST_FAILED = 20; // beyond it they are folded like the others

  /**
   * Groups of equal siblings that follow each other, by their first row.
   * @param {Pick<TraceData, 'end' | 'parent' | 'process' | 'flags' | 'start' | 'duration'>} data
   */
  const groups = ({ end, parent, process, flags, start, duration }) => {
    /** @type {Map<number, SiblingGroup>} */
    const found = new Map();
    /** @type {Map<number, number[]>} */
    const open = new Map(); // the latest run below each caller
    const close = (/** @type {number[]} */ rows) => {
      if (rows.length < LEAST) return;
      const failed = rows.filter((row) => flags[row] & obsvTree.FLAG.error);
      const first = rows.reduce((least, row) => Math.min(least, start[row]), Number.POSITIVE_INFINITY);
      const last = rows.reduce((most, row) => Math.max(most, start[row] + duration[row]), 0);
      found.set(rows[0], { lead: rows[0], rows, failed, first, last });
    };
    for (let row = 0; row < end.length; row += 1) {
      const run = open.get(parent[row]);
      if (run && process[run[0]] === process[row]) run.push(row);
      else {
        if (run) close(run);
        open.set(parent[row], [row]);
      }
    }
    for (const run of open.values()) close(run);
    return found;
  };

  /** The members of a closed group that stay in sight beside it. @param {SiblingGroup} group */
  const shown = ({ failed }) => (failed.length > MOST_FAILED ? [] : failed);

  /**
   * Hides the members of closed groups, but their first and the failed ones.
   * @param {Uint8Array} hidden
   * @param {ArrayLike<number>} end
   * @param {Map<number, SiblingGroup>} all
   * @param {Set<number>} closed
   */
  const hide = (hidden, end, all, closed) => {
    for (const lead of closed) {
      const group = all.get(lead);
      if (!group) continue;
      const kept = new Set(shown(group));
      for (const row of group.rows) if (!kept.has(row)) hidden.fill(1, row === lead ? row + 1 : row, end[row]);
    }
    return hidden;
  };

  /**
   * The closed groups that a row, or one above it, is a member of.
   * @param {number[]} path the row and those above
   * @param {Map<number, SiblingGroup>} all
   * @param {Set<number>} closed
   */
  const around = (path, all, closed) =>
    Array.from(closed).filter((lead) => {
      const rows = all.get(lead)?.rows;
      return rows !== undefined && path.some((row) => row !== lead && row >= lead && rows.includes(row));
    });

  /** What a group says of itself. @param {SiblingGroup} group */
  const label = ({ rows, failed }) => {
    const count = `× ${obsvFormat.exact(rows.length)}`;
    if (!failed.length) return count;
    return `${count}, ${failed.length === 1 ? 'one' : obsvFormat.exact(failed.length)} failed`;
  };

  return { around, groups, hide, label, shown };
})();
