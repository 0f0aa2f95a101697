// @ts-check
// What a page needs to be restored stands in its address; Back undoes it, and pages pass on what they share.
const obsvAddress = (() => {
  // What every page takes over from the one before.
  const SHARED = ['range', 'from', 'to', 'process'];
  // Pages on which a function can be chosen: none chosen there means none.
  const OF_FUNCTIONS = ['/explorer', '/code', '/compare'];
  // What belongs to one look, and is not found again by the navigation.
  const FLEETING = ['call', 'span', 'trace', 'live', 'q'];

  /** The address that the page on the screen stands for: path and query. @type {string | null} */
  let current = null;
  /** @typedef {{ shared: Record<string, string>, own: Record<string, Record<string, string>> }} Travel */
  /** @type {Travel} */
  let travel = { shared: {}, own: {} };
  /** Changes that a page makes by itself when somebody goes back. @type {{ names: string[], act: (query: URLSearchParams) => void }[]} */
  const undone = [];

  /**
   * An address with entries of its query string set; null, undefined and '' remove one.
   * @param {string} href
   * @param {Record<string, unknown>} entries
   */
  const merged = (href, entries) => {
    const address = new URL(href);
    for (const [name, value] of Object.entries(entries)) {
      if (value === null || value === undefined || value === '') address.searchParams.delete(name);
      else address.searchParams.set(name, String(value));
    }
    const search = address.searchParams.toString();
    return address.pathname + (search ? `?${search}` : '') + address.hash;
  };

  /**
   * Names of the entries in which two addresses of one page differ; null for two pages.
   * @param {string} one path and query
   * @param {string} other
   */
  const difference = (one, other) => {
    const [from, to] = [one, other].map((each) => new URL(each, 'http://localhost'));
    if (from.pathname !== to.pathname) return null;
    const names = new Set([...from.searchParams.keys(), ...to.searchParams.keys()]);
    return Array.from(names).filter((name) => from.searchParams.get(name) !== to.searchParams.get(name));
  };

  /**
   * What is remembered once an address was shown.
   * @param {Travel} known
   * @param {string} address path and query
   * @returns {Travel}
   */
  const remembered = (known, address) => {
    const { pathname, searchParams } = new URL(address, 'http://localhost');
    if (obsvRoot.inside(pathname).startsWith('/trace/')) return known; // it has neither a time nor a filter
    const entries = Object.fromEntries(searchParams);
    const shared = { ...known.shared };
    for (const name of SHARED) {
      if (entries[name]) shared[name] = entries[name];
      else if (name !== 'process' || OF_FUNCTIONS.includes(obsvRoot.inside(pathname))) delete shared[name];
    }
    const own = Object.entries(entries).filter(([name]) => ![...SHARED, ...FLEETING].includes(name));
    return { shared, own: { ...known.own, [pathname]: Object.fromEntries(own) } };
  };

  /**
   * The address of a page as the navigation leads to it.
   * @param {Travel} known
   * @param {string} pathname
   */
  const led = (known, pathname) => {
    const { process, ...time } = known.shared;
    const shared = process && OF_FUNCTIONS.includes(obsvRoot.inside(pathname)) ? { ...time, process } : time;
    const search = new URLSearchParams({ ...shared, ...known.own[pathname] }).toString();
    return pathname + (search ? `?${search}` : '');
  };

  const here = () => window.location.pathname + window.location.search;

  const pass = () => {
    travel = remembered(travel, here());
    for (const entry of document.querySelectorAll('a.nav-entry, a.logo')) {
      const path = new URL(/** @type {HTMLAnchorElement} */ (entry).href).pathname;
      window.dash_clientside.set_props(entry.id, { href: led(travel, path) });
    }
  };

  /** @param {string} name */
  const get = (name) => new URL(window.location.href).searchParams.get(name);

  /**
   * Sets entries of the query string, unless the address is another page's already.
   * @param {Record<string, unknown>} entries
   * @param {'replace' | 'push' | 'go'} [how] without a history entry; with one; or as a link: the page is shown anew
   */
  const set = (entries, how = 'replace') => {
    if (current && new URL(current, window.location.href).pathname !== window.location.pathname) return;
    const next = merged(window.location.href, entries);
    if (next === here() + window.location.hash) return;
    if (how === 'go') {
      window.dash_clientside.set_props('location', { href: next });
      return;
    }
    if (how === 'push') window.history.pushState({ ...window.history.state, pushed: Object.keys(entries) }, '', next);
    else window.history.replaceState(window.history.state, '', next);
    current = here();
    pass();
    // So that dcc.Location knows it, and takes Back for a change.
    window.dispatchEvent(new CustomEvent('_dashprivate_pushstate'));
  };

  /**
   * Ends what `set(entries, 'push')` began: by going back to where it began, or, on a link of somebody else's, in place.
   * @param {string[]} names
   */
  const close = (names) => {
    if (!names.some((name) => get(name) !== null)) return;
    const pushed = window.history.state?.pushed;
    if (Array.isArray(pushed) && pushed.every((name) => names.includes(name))) window.history.back();
    else set(Object.fromEntries(names.map((name) => [name, null])));
  };

  /**
   * A page undoes these entries by itself, instead of being shown anew.
   * @param {string[]} names
   * @param {(query: URLSearchParams) => void} act
   */
  const undo = (names, act) => undone.push({ names, act });

  /** Whether the page has to be shown anew for the address; it then stands for it. */
  const moved = () => {
    const [before, now] = [current, here()];
    if (before === now) return false;
    current = now;
    pass();
    const names = before === null ? null : difference(before, now);
    const known = names && undone.find((each) => names.every((name) => each.names.includes(name)));
    if (known) known.act(new URLSearchParams(window.location.search));
    return !known;
  };

  return { close, difference, get, led, merged, moved, remembered, set, undo };
})();
