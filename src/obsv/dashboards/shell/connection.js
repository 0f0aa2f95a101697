// @ts-check
// Whether the server is there: asked while the page is looked at. What is shown of a server that is gone says how old it
// is; when the server is back the page is loaded anew, whatever was missed meanwhile.
const obsvConnection = (() => {
  const EVERY_MS = 1500;
  const PATIENCE_MS = 4000;
  let seen = Date.now();
  let lost = false;
  let asking = false;

  const show = () => {
    document.documentElement.toggleAttribute('data-lost', lost);
    const note = obsvDom.byId('lost');
    if (!note) return;
    note.hidden = !lost;
    if (!lost) return;
    const since = new Date(seen).toLocaleTimeString('en-GB');
    note.textContent = `No connection to the server. What is shown is from ${since}, ${obsvFormat.ago(Date.now() - seen)}. Trying again…`;
  };

  const check = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(obsvRoot.under('/healthz'), {
        cache: 'no-store',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!answer.ok) throw new Error(answer.statusText);
      if (lost) window.location.reload();
      seen = Date.now();
    } catch {
      lost = true;
      show();
    } finally {
      asking = false;
    }
  };

  // Something else was not answered.
  const doubt = () => {
    if (!lost) check();
  };

  setInterval(() => {
    if (lost) show();
    if (!document.hidden) check();
  }, EVERY_MS);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) check();
  });
  window.addEventListener('offline', doubt);
  window.addEventListener('online', check);

  return { doubt, isLost: () => lost };
})();
