// @ts-check
// How an arrow of the graph bends. Ahead: out at the right, in at the left, in an S. Within a column: a bow at its right.
/** @typedef {{ x: number, y: number, width: number }} Box the middle of a card, and how wide it is */
const obsvBend = (() => {
  const AHEAD_PX = 12;
  const COLUMN_PX = 40;

  /**
   * Style of an edge; null for cytoscape's own, which goes back.
   * @param {Box} from
   * @param {Box} to
   */
  const style = (from, to) => {
    const dy = to.y - from.y;
    const dx = to.x - to.width / 2 - (from.x + from.width / 2);
    if (dx > AHEAD_PX) {
      const length = Math.hypot(dx, dy);
      // Nearly level: straight, an S would show a kink.
      const away = Math.abs(dy) < dx / 8 ? 0 : (dx * dy) / (2 * length);
      const share = (dx * dx) / (2 * length * length);
      return bow('270deg', [-away, away], [share, 1 - share]);
    }
    if (Math.abs(to.x - from.x) < COLUMN_PX) return bow('90deg', [Math.sign(dy) * -(16 + Math.abs(dy) / 6)], [0.5]);
    return null;
  };

  /**
   * @param {string} into where it ends, as the side of a card
   * @param {number[]} distances
   * @param {number[]} weights
   */
  const bow = (into, distances, weights) => ({
    'curve-style': 'unbundled-bezier',
    'edge-distances': 'endpoints',
    'source-endpoint': '90deg',
    'target-endpoint': into,
    'control-point-distances': distances,
    'control-point-weights': weights,
  });

  return { style };
})();
