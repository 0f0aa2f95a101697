// The code page: the function that is chosen stands in the address.
(function (obsv, shared) {
  obsv.codeChosen = function (name) {
    shared.setQuery({ process: name });
    return name || '';
  };
})(window.dash_clientside.obsv, window.obsv);
