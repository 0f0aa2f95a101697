// @ts-check
// Any two calls are compared: the first that is marked, and the next one.
(() => {
  const KEY = 'obsv-marked';
  document.addEventListener('click', (event) => {
    const button = obsvDom.around(event, 'button[data-marked]');
    const here = button?.dataset.marked;
    if (!here) return;
    const marked = window.sessionStorage.getItem(KEY);
    if (!marked || marked === here) {
      window.sessionStorage.setItem(KEY, here);
      obsvDom.notice('This call is marked. Open another one and press “Compare with…” there.');
      return;
    }
    window.sessionStorage.removeItem(KEY);
    const [trace, span] = here.split('.');
    const href = obsvRoot.under(`/compare?${new URLSearchParams({ trace, span, other: marked })}`);
    window.dash_clientside.set_props('location', { href });
  });
})();
