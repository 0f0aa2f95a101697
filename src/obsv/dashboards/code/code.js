// The code page: the function that is chosen stands in the address, and Back leads to the one before.
(function (obsv, shared) {
  obsv.codeChosen = function (name) {
    shared.setQuery({ process: name }, true);
    return window.dash_clientside.no_update;
  };
})(window.dash_clientside.obsv, window.obsv);
