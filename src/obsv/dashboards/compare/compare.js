// @ts-check
// The compare page: what is chosen stands in the address; of the tools those of the mode are shown.
(() => {
  /** @typedef {{ against?: string, from?: string, to?: string }} Second what window A is held against */

  /**
   * A word, or two times of its own.
   * @param {string} against
   * @param {string | null} from
   * @param {string | null} to
   */
  const compareAgainst = (against, from, to) => {
    if (against !== 'custom') return [{ against }, { display: 'none' }];
    const [first, last] = [obsvFormat.utcOf(from), obsvFormat.utcOf(to)];
    return [first && last ? { from: first, to: last } : window.dash_clientside.no_update, {}];
  };

  /**
   * @param {string | null} name
   * @param {string | null} failed `<trace id>/<span id>`, and those of another call
   * @param {string} mode
   * @param {Second} second
   */
  const compareChosen = (name, failed, mode, second) => {
    const times = mode === 'times' ? second : {};
    const [trace, span, ...other] = failed && mode === 'calls' ? failed.split('/') : [null, null];
    obsvAddress.set({
      trace,
      span,
      other: other.length ? other.join('.') : null,
      process: trace ? null : name,
      mode: mode === 'times' ? mode : null,
      against: times.against === 'before' ? null : times.against,
      b_from: times.from,
      b_to: times.to,
    });
    for (const each of ['calls', 'times']) {
      const tools = obsvDom.byId(`compare-${each}-tools`);
      if (tools) tools.hidden = mode !== each;
    }
    return window.dash_clientside.no_update;
  };

  Object.assign(window.dash_clientside.obsv, { compareAgainst, compareChosen });
})();
