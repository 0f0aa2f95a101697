// A page in jsdom with the app's scripts, and a clock that only tests move.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { JSDOM } from 'jsdom';

const FOLDER = new URL('../../src/obsv/dashboards/', import.meta.url);

/**
 * Open a page.
 * @param {string[]} paths scripts, below dashboards/
 * @param {{ html?: string, url?: string, root?: string, globals?: object }} [about] `globals` is what the scripts find
 */
export const open = (paths, { html = '', url = 'http://localhost/', root = '', globals = {} } = {}) => {
  const text = `<!doctype html><html data-root="${root}"><body>${html}</body></html>`;
  const dom = new JSDOM(text, { url, runScripts: 'outside-only' });
  const { window } = dom;
  const clock = makeClock(window);
  /** What the scripts have set: `[component, properties]`. */
  const set = [];
  Object.assign(window, {
    dash_clientside: { obsv: {}, no_update: 'no update', set_props: (id, props) => set.push([id, props]) },
    dash_ag_grid: { getApi: () => null },
    dashAgGridFunctions: {},
    dashAgGridComponentFunctions: {},
    ...globals,
  });
  // jsdom has no layout: everything that is in the document is in sight.
  Object.defineProperty(window.HTMLElement.prototype, 'offsetParent', { get: () => window.document.body });
  const context = dom.getInternalVMContext();
  const run = (path) => {
    const from = new URL(path, FOLDER);
    new vm.Script(readFileSync(from, 'utf8'), { filename: from.href }).runInContext(context);
  };
  paths.forEach(run);
  return {
    window,
    document: window.document,
    set,
    clock,
    run,
    callbacks: window.dash_clientside.obsv,
    byId: (id) => window.document.getElementById(id),
    value: (expression) => vm.runInContext(expression, context),
    press: (key, target = window.document.body, more = {}) =>
      target.dispatchEvent(new window.KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })),
    /** Until promises that are settled have been followed, and observers told. */
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
};

/** Timers and `Date.now` of a window, moved by `pass`. */
const makeClock = (window) => {
  let now = 1_800_000_000_000;
  let number = 0;
  let timers = [];
  const add = (act, ms, every) => {
    number += 1;
    timers.push({ act, at: now + (ms || 0), every, number });
    return number;
  };
  const clear = (which) => {
    timers = timers.filter((each) => each.number !== which);
  };
  window.Date.now = () => now;
  Object.assign(window, {
    setTimeout: (act, ms) => add(act, ms, null),
    setInterval: (act, ms) => add(act, ms, ms),
    clearTimeout: clear,
    clearInterval: clear,
  });
  const pass = async (ms) => {
    const end = now + ms;
    for (;;) {
      const due = timers.filter((each) => each.at <= end).sort((one, other) => one.at - other.at)[0];
      if (!due) break;
      now = Math.max(now, due.at);
      if (due.every) due.at += due.every;
      else clear(due.number);
      due.act();
      await new Promise((resolve) => setImmediate(resolve));
    }
    now = end;
  };
  return { pass, now: () => now };
};
