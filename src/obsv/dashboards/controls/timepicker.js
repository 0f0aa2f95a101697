// @ts-check
// The time picker: presets, or two local times; the store gets what the server reads, the address follows.
(() => {
  /**
   * The two local times of a preset as it is now, to begin with; the second that has begun is in it.
   * @param {string} range
   */
  const endsOf = (range) => {
    const length = Number.parseInt(range, 10) * (range.endsWith('m') ? 6e4 : 3.6e6);
    const end = Math.ceil(Date.now() / 1000) * 1000;
    return [end - length, end].map((ms) => obsvFormat.localNs(`${ms}000000`).slice(0, 19));
  };

  /**
   * @param {string} preset
   * @param {string | null} from
   * @param {string | null} to
   * @param {{ range?: string }} shown
   */
  window.dash_clientside.obsv.pickTime = (preset, from, to, shown) => {
    const none = window.dash_clientside.no_update;
    if (preset !== 'custom') {
      if (shown.range === preset) return [none, { display: 'none' }, none, none];
      obsvAddress.set({ range: preset, from: null, to: null }, 'push');
      return [{ range: preset }, { display: 'none' }, none, none];
    }
    const fields = shown.range ? endsOf(shown.range) : [none, none];
    const [start, end] = /** @type {(string | null)[]} */ (shown.range ? fields : [from, to]);
    const [first, last] = [obsvFormat.utcOf(start), obsvFormat.utcOf(end)];
    if (!first) return [none, {}, none, none];
    obsvAddress.set({ range: null, from: first, to: last }, shown.range ? 'push' : 'replace');
    return [{ from: first, ...(last ? { to: last } : {}) }, {}, ...fields];
  };
})();
