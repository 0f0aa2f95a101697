// The time picker: presets, or two local times; the store gets what the server reads, the address follows.
(function (obsv, shared) {
  shared.utcOf = (local) => {
    if (!local) return null;
    const at = new Date(local.replace(' ', 'T'));
    return Number.isNaN(at.getTime()) ? null : at.toISOString();
  };

  obsv.pickTime = function (preset, from, to) {
    const none = window.dash_clientside.no_update;
    if (preset !== 'custom') {
      const picked = { range: preset };
      shared.setQuery({ range: preset, from: null, to: null });
      return [picked, { display: 'none' }];
    }
    const picked = { from: shared.utcOf(from), to: shared.utcOf(to) };
    if (!picked.from) return [none, {}];
    if (!picked.to) delete picked.to;
    shared.setQuery({ range: null, from: picked.from, to: picked.to });
    return [picked, {}];
  };
})(window.dash_clientside.obsv, window.obsv);
