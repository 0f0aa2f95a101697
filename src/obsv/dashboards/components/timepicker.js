// The time picker: presets, or two local times; the store gets what the server reads, the address follows.
(function (obsv, shared) {
  shared.utcOf = (local) => {
    if (!local) return null;
    const at = new Date(local.replace(' ', 'T'));
    return Number.isNaN(at.getTime()) ? null : at.toISOString();
  };

  // The two local times of a preset as it is now, to begin with; the second that has begun is in it.
  const endsOf = function (range) {
    const length = Number.parseInt(range, 10) * (range.endsWith('m') ? 6e4 : 3.6e6);
    const end = Math.ceil(Date.now() / 1000) * 1000;
    return [end - length, end].map((ms) => shared.localNs(ms * 1e6).slice(0, 19));
  };

  obsv.pickTime = function (preset, from, to, shown) {
    const none = window.dash_clientside.no_update;
    if (preset !== 'custom') {
      const picked = { range: preset };
      shared.setQuery({ range: preset, from: null, to: null });
      return [picked, { display: 'none' }, none, none];
    }
    const fields = shown.range ? endsOf(shown.range) : [none, none];
    const [start, end] = shown.range ? fields : [from, to];
    const picked = { from: shared.utcOf(start), to: shared.utcOf(end) };
    if (!picked.from) return [none, {}, none, none];
    if (!picked.to) delete picked.to;
    shared.setQuery({ range: null, from: picked.from, to: picked.to });
    return [picked, {}, ...fields];
  };
})(window.dash_clientside.obsv, window.obsv);
