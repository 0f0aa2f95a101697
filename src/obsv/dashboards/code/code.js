// @ts-check
// The code page: the function that is chosen stands in the address, and Back leads to the one before.
window.dash_clientside.obsv.codeChosen = (/** @type {string | null} */ name) => {
  obsvAddress.set({ process: name }, 'go');
  return window.dash_clientside.no_update;
};
