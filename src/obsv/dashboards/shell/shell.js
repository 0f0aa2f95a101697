// @ts-check
// The frame's callbacks.
(() => {
  const noUpdate = () => window.dash_clientside.no_update;
  const NOTICE_MS = 8000;

  /** @param {string | null} stored */
  const setTheme = (stored) => {
    const theme = stored || 'dark';
    document.documentElement.dataset.theme = theme;
    return theme;
  };

  /**
   * @param {number} clicks
   * @param {string | null} stored
   */
  const toggleTheme = (clicks, stored) => (clicks ? ((stored || 'dark') === 'dark' ? 'light' : 'dark') : noUpdate());

  /** @param {{ title: string, path: string } | null} about */
  const setTitle = (about) => {
    if (!about) return noUpdate();
    document.title = `${about.title} · obsv`;
    for (const entry of document.querySelectorAll('.nav-entry')) {
      const here = new URL(/** @type {HTMLAnchorElement} */ (entry).href).pathname === obsvRoot.under(about.path);
      entry.classList.toggle('here', here);
      if (here) entry.setAttribute('aria-current', 'page');
      else entry.removeAttribute('aria-current');
    }
    return noUpdate();
  };

  // A message that goes by itself; the same text twice in a row is shown once.
  /** @param {{ text?: string, kind?: string } | null} notice */
  const showNotice = (notice) => {
    const list = obsvDom.byId('notices');
    if (!notice?.text || !list) return noUpdate();
    if (Array.from(list.children).some((one) => one.textContent === notice.text)) return noUpdate();
    const item = obsvDom.el('div', { class: `notice notice-${notice.kind || 'plain'}` }, notice.text);
    list.append(item);
    setTimeout(() => item.remove(), NOTICE_MS);
    return noUpdate();
  };

  // The first-run page gives way as soon as there is a call.
  /** @param {{ last?: number } | null} pulse */
  const firstCall = (pulse) => {
    if (pulse?.last && obsvDom.byId('first-run')) window.location.reload();
    return noUpdate();
  };

  /** @param {number} clicks */
  const openHelp = (clicks) => (clicks ? true : noUpdate());

  Object.assign(window.dash_clientside.obsv, { firstCall, openHelp, setTheme, setTitle, showNotice, toggleTheme });

  // A link that is drawn anew while it has the focus keeps it.
  /** @type {HTMLAnchorElement | null} */
  let focused = null;
  document.addEventListener('focusin', (event) => {
    focused = /** @type {HTMLAnchorElement | null} */ (obsvDom.around(event, '#page a[href]'));
  });
  new MutationObserver(() => {
    if (!focused || focused.isConnected) return;
    const { href } = focused;
    focused = null;
    if (document.activeElement !== document.body) return;
    const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('#page a[href]'));
    Array.from(links)
      .find((one) => one.href === href)
      ?.focus({ preventScroll: true });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
