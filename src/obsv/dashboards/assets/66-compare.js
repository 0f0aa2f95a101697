// The compare page: what is chosen stands in the address; of the tools those of the mode are shown.
(function (obsv, shared) {
  obsv.compareChosen = function (name, failed, mode, against) {
    const [trace, span] = failed && mode === 'calls' ? failed.split('/') : [null, null];
    shared.setQuery({
      trace,
      span,
      process: trace ? null : name,
      mode: mode === 'times' ? mode : null,
      against: mode === 'times' && against !== 'before' ? against : null,
    });
    for (const each of ['calls', 'times']) document.getElementById(`compare-${each}-tools`).hidden = mode !== each;
    return window.dash_clientside.no_update;
  };
})(window.dash_clientside.obsv, window.obsv);
