// @ts-check
// The graph in words: for its label, and as the list for who cannot point.
/** @typedef {{ id: string, name: string, tip: [string, string][], go?: Record<string, string>, fold?: string }} FlowNode */
const obsvFlowNames = (() => {
  /**
   * `3 functions, 1 feed, 4 arrows`; what is not there is left out.
   * @param {[string, number][]} kinds
   */
  const said = (kinds) =>
    kinds
      .filter(([, many]) => many)
      .map(([word, many]) => `${many} ${word}${many === 1 ? '' : 's'}`)
      .join(', ');

  /**
   * What stands beside a name in the list.
   * @param {FlowNode} node
   */
  const about = ({ tip }) =>
    tip
      .slice(1)
      .map((pair) => pair.join(' '))
      .join(' · ');

  /**
   * Whether a search finds a node.
   * @param {unknown} name
   * @param {string} wanted
   */
  const fits = (name, wanted) => String(name).toLowerCase().includes(wanted.trim().toLowerCase());

  /**
   * Groups that are folded once one is folded or unfolded.
   * @param {string[]} folded
   * @param {string} group
   */
  const toggled = (folded, group) =>
    folded.includes(group) ? folded.filter((one) => one !== group) : [...folded, group];

  return { about, fits, said, toggled };
})();
