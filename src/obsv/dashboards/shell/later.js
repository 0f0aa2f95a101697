// @ts-check
// Which page the address asks for. Libraries that the first page does not draw with are loaded after it; another page
// waits for them.
(() => {
  const start = window.location.pathname;
  /** @type {Promise<unknown> | null} */
  let loaded = null;

  /** @param {HTMLLinkElement} link */
  const load = (link) =>
    new Promise((resolve) => {
      const script = document.createElement('script');
      script.src = link.href;
      script.onload = resolve;
      script.onerror = resolve;
      document.head.append(script);
    });
  const loadAll = () => {
    if (!loaded) {
      const links = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[data-later]'));
      loaded = Promise.all(Array.from(links, load));
    }
    return loaded;
  };
  window.addEventListener('load', () => setTimeout(() => window.requestIdleCallback(loadAll, { timeout: 4000 }), 1500));

  /**
   * @param {string} pathname
   * @param {string} search
   */
  window.dash_clientside.obsv.ask = async (pathname, search) => {
    if (!obsvAddress.moved()) return window.dash_clientside.no_update;
    if (pathname !== start) await loadAll();
    return { pathname: obsvRoot.inside(pathname || '/'), search: search || '' };
  };
})();
