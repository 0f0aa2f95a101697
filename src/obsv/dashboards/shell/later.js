// Libraries that the first page does not draw with are loaded after it; another page waits for them.
(function (obsv) {
  const start = window.location.pathname;
  let loaded = null;

  const load = (link) => new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = link.href;
    script.onload = resolve;
    script.onerror = resolve;
    document.head.append(script);
  });
  const loadAll = function () {
    loaded = loaded || Promise.all(Array.from(document.querySelectorAll('link[data-later]'), load));
    return loaded;
  };
  window.addEventListener('load', () => setTimeout(() => window.requestIdleCallback(loadAll, { timeout: 4000 }), 1500));

  obsv.ask = async function (pathname, search) {
    if (pathname !== start) await loadAll();
    return { pathname: pathname || '/', search: search || '' };
  };
})(window.dash_clientside.obsv);
