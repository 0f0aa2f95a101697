// @ts-check
// The axis of the bar column: round ticks, and where a time stands in what is in sight.
/** @typedef {[number, number]} Zoom first and last time in sight, in ns from the start of the trace */
const obsvAxis = (() => {
  // The last label stands to the right of its tick, and needs the room.
  const LABELLED = 0.93;

  /**
   * Where something stands in the column, in percent; null when out of sight.
   * @param {number} start
   * @param {number} end
   * @param {Zoom} zoom
   */
  const place = (start, end, [first, last]) => {
    if (end < first || start > last) return null;
    const length = last - first;
    const left = Math.max(0, (start - first) / length);
    const right = Math.min(1, (end - first) / length);
    return { left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%` };
  };

  /**
   * The largest of 1, 2 and 5 times a power of ten that gives an axis from 0 four ticks; there are never more than eight.
   * @param {Zoom} zoom
   */
  const step = ([first, last]) => {
    const most = ((last - first) * LABELLED) / 3;
    const power = 10 ** Math.floor(Math.log10(most));
    return Math.max(1, power * /** @type {number} */ ([5, 2, 1].find((times) => times * power <= most)));
  };

  /**
   * Variables of the style sheet for the lines at the ticks.
   * @param {Zoom} zoom
   */
  const lines = (zoom) => {
    const [first, last] = zoom;
    const by = step(zoom);
    const percent = (/** @type {number} */ time) => `${(time / (last - first)) * 100}%`;
    return { '--at': percent(Math.ceil(first / by) * by - first), '--step': percent(by) };
  };

  /** @param {Zoom} zoom */
  const ticks = (zoom) => {
    const [first, last] = zoom;
    const by = step(zoom);
    const found = [];
    for (let at = Math.ceil(first / by); at * by <= first + (last - first) * LABELLED; at += 1) found.push(at * by);
    return found;
  };

  return { lines, place, step, ticks };
})();
