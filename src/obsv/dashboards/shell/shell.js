// The frame's callbacks: namespace `obsv` of dash_clientside.

(function (obsv, shared) {
  const noUpdate = () => window.dash_clientside.no_update;

  obsv.setTheme = function (stored) {
    const theme = stored || 'dark';
    document.documentElement.dataset.theme = theme;
    return theme;
  };

  obsv.toggleTheme = (clicks, stored) => (clicks ? ((stored || 'dark') === 'dark' ? 'light' : 'dark') : noUpdate());

  obsv.setTitle = function (about) {
    if (!about) return noUpdate();
    shared.shown = about.at;
    document.title = `${about.title} · obsv`;
    document.querySelectorAll('.nav-entry').forEach((entry) => {
      const here = entry.getAttribute('href') === about.path;
      entry.classList.toggle('here', here);
      if (here) entry.setAttribute('aria-current', 'page'); else entry.removeAttribute('aria-current');
    });
    return noUpdate();
  };

  obsv.openHelp = (clicks) => (clicks ? true : noUpdate());

  // A message that goes by itself; the same text twice in a row is shown once.
  obsv.showNotice = function (notice) {
    const list = document.getElementById('notices');
    if (!notice || !notice.text || !list) return noUpdate();
    const same = Array.from(list.children).find((one) => one.textContent === notice.text);
    if (same) return noUpdate();
    const item = document.createElement('div');
    item.className = `notice notice-${notice.kind || 'plain'}`;
    item.textContent = notice.text;
    list.append(item);
    setTimeout(() => item.remove(), 8000);
    return noUpdate();
  };

  // The first-run page gives way as soon as there is a call.
  obsv.firstCall = function (pulse) {
    if (pulse && pulse.last && document.getElementById('first-run')) window.location.reload();
    return noUpdate();
  };

  // Entries of the query string: null and '' remove an entry. Replaces the address without a history entry, unless it is
  // another page's already. `go` shows the page anew with a history entry, as a link does.
  shared.setQuery = function (entries, go = false) {
    const address = new URL(window.location.href);
    if (shared.shown && shared.shown !== address.pathname) return;
    for (const [name, value] of Object.entries(entries)) {
      if (value === null || value === undefined || value === '') address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    const search = address.searchParams.toString();
    const next = address.pathname + (search ? `?${search}` : '') + address.hash;
    if (next !== window.location.pathname + window.location.search + window.location.hash) {
      if (go) window.dash_clientside.set_props('location', { href: next });
      else window.history.replaceState(window.history.state, '', next);
    }
  };
})(window.dash_clientside.obsv, window.obsv);

// A thin bar while something is asked for that takes longer than a blink; a word when the server is gone.
(function (obsv) {
  const ask = window.fetch.bind(window);
  let asked = 0;
  const show = () => document.documentElement.toggleAttribute('data-busy', asked > 0);
  window.fetch = async function (...given) {
    asked += 1;
    const timer = setTimeout(show, 250);
    try {
      return await ask(...given);
    } catch (error) {
      if (error.name !== 'AbortError' && document.visibilityState === 'visible') {
        obsv.showNotice({ kind: 'err', text: 'The server does not answer. Is obsv serve still running?' });
      }
      throw error;
    } finally {
      asked -= 1;
      clearTimeout(timer);
      show();
    }
  };
})(window.dash_clientside.obsv);

// At most every other second, only while the tab is looked at and the window moves with the clock. What is drawn anew
// takes the text that somebody selects with it, and a link on which the button is held down is no longer clicked.
(function (obsv) {
  let last = 0;
  let held = false;
  // A move tells of a button that was let go outside the window.
  for (const kind of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel']) {
    document.addEventListener(kind, (event) => { held = event.buttons > 0; }, true);
  }
  const busy = () => document.hidden || held || !window.getSelection().isCollapsed;

  const early = () => busy() || Date.now() - last < 1900;
  let waiting = false;

  // A pulse may be the last for long: one that comes too early is made up for.
  const makeUp = function () {
    waiting = false;
    if (!document.getElementById('overview-errors')) return;
    if (early()) return wait();
    last = Date.now();
    window.dash_clientside.set_props('overview-tick', { data: last });
  };
  const wait = function () {
    if (!waiting) setTimeout(makeUp, 500);
    waiting = true;
  };

  obsv.everyOther = function (pulse, picked) {
    if (picked && picked.from && picked.to) return window.dash_clientside.no_update;
    if (early()) {
      wait();
      return window.dash_clientside.no_update;
    }
    last = Date.now();
    return last;
  };
})(window.dash_clientside.obsv);

// A link that is drawn anew while it has the focus keeps it.
(function () {
  let focused = null;
  document.addEventListener('focusin', ({ target }) => { focused = target.closest('#page a[href]'); });
  new MutationObserver(function () {
    if (!focused || focused.isConnected) return;
    const again = document.activeElement === document.body
      && Array.from(document.querySelectorAll('#page a[href]')).find((one) => one.href === focused.href);
    focused = null;
    if (again) again.focus({ preventScroll: true });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
