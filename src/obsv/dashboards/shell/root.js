// @ts-check
// The path under which a proxy publishes the app (`obsv serve --root-path /obsv`); the server writes it into the page.
const obsvRoot = (() => {
  const root = document.documentElement.dataset.root || '';

  /**
   * An absolute path of the app as the browser has to ask for it.
   * @param {string} path
   */
  const under = (path) => root + path;

  /**
   * A path of the browser's address as the app knows it.
   * @param {string} pathname
   */
  const inside = (pathname) =>
    pathname === root || pathname.startsWith(`${root}/`) ? pathname.slice(root.length) || '/' : pathname;

  return { inside, under };
})();
