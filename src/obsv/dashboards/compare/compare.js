// The compare page: what is chosen stands in the address; of the tools those of the mode are shown.
(function (obsv, shared) {
  // What window A is held against: a word, or two times of its own.
  obsv.compareAgainst = function (against, from, to) {
    const chosen = against !== 'custom' ? { against } : { from: shared.utcOf(from), to: shared.utcOf(to) };
    if (against === 'custom' && !(chosen.from && chosen.to)) return [window.dash_clientside.no_update, {}];
    return [chosen, against === 'custom' ? {} : { display: 'none' }];
  };

  obsv.compareChosen = function (name, failed, mode, second) {
    const times = mode === 'times' ? second : {};
    const [trace, span] = failed && mode === 'calls' ? failed.split('/') : [null, null];
    shared.setQuery({
      trace,
      span,
      process: trace ? null : name,
      mode: mode === 'times' ? mode : null,
      against: times.against === 'before' ? null : times.against,
      b_from: times.from,
      b_to: times.to,
    });
    for (const each of ['calls', 'times']) document.getElementById(`compare-${each}-tools`).hidden = mode !== each;
    return window.dash_clientside.no_update;
  };
})(window.dash_clientside.obsv, window.obsv);
