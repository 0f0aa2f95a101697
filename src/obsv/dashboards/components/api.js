// @ts-check
// The one way to the server's API. A thin bar tells of an answer that takes longer than a blink.
const obsvApi = (() => {
  const BLINK_MS = 250;
  let asked = 0;

  /**
   * A path with a query string; null, undefined and '' are left out.
   * @param {string} path below /api/v1/
   * @param {Record<string, unknown>} [entries]
   */
  const address = (path, entries = {}) => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(entries)) {
      if (value !== null && value !== undefined && value !== '') params.set(name, String(value));
    }
    const query = params.toString();
    return obsvRoot.under(`/api/v1/${path}${query ? `?${query}` : ''}`);
  };

  const show = () => document.documentElement.toggleAttribute('data-busy', asked > 0);

  /**
   * @param {string} href
   * @param {RequestInit} [how]
   */
  const wait = async (href, how = {}) => {
    asked += 1;
    const timer = setTimeout(show, BLINK_MS);
    try {
      return await fetch(href, { ...how, headers: { accept: 'application/json', ...how.headers } });
    } catch {
      obsvConnection.doubt();
      throw new Error('The server does not answer.');
    } finally {
      asked -= 1;
      clearTimeout(timer);
      show();
    }
  };

  /**
   * An answer, or an error with the server's own words.
   * @param {string} path
   * @param {Record<string, unknown>} [entries]
   */
  const ask = async (path, entries) => checked(await wait(address(path, entries)));

  /** @param {Response} answer */
  const checked = async (answer) => {
    if (answer.ok) return answer;
    // The token has changed, or the session is over: the form asks for it.
    if (answer.status === 401) window.location.reload();
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || `The server answered ${answer.status}.`);
  };

  /**
   * @param {string} path
   * @param {Record<string, unknown>} [entries]
   * @returns {Promise<any>}
   */
  const json = async (path, entries) => (await ask(path, entries)).json();

  /**
   * Change something.
   * @param {'POST' | 'DELETE'} method
   * @param {string} path
   * @param {unknown} [content]
   */
  const send = async (method, path, content) => {
    const headers = { 'content-type': 'application/json' };
    await checked(await wait(address(path), { method, headers, body: content ? JSON.stringify(content) : undefined }));
  };

  /** @param {string} path */
  const text = async (path) => (await ask(path)).text();

  return { address, json, send, text };
})();
