// @ts-check
// At most every other second, only while the tab is looked at and the window moves with the clock. What is drawn anew
// takes the text that somebody selects with it, and a link on which the button is held down is no longer clicked.
(() => {
  const EVERY_MS = 1900;
  const AGAIN_MS = 500;
  let last = 0;
  let held = false;
  let waiting = false;

  // A move tells of a button that was let go outside the window.
  for (const kind of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel']) {
    document.addEventListener(
      kind,
      (event) => {
        held = /** @type {PointerEvent} */ (event).buttons > 0;
      },
      true,
    );
  }
  const busy = () => document.hidden || held || window.getSelection()?.isCollapsed === false;
  const early = () => busy() || Date.now() - last < EVERY_MS;

  // A pulse may be the last for long: one that comes too early is made up for.
  const makeUp = () => {
    waiting = false;
    if (!obsvDom.byId('overview-errors')) return;
    if (early()) {
      wait();
      return;
    }
    last = Date.now();
    window.dash_clientside.set_props('overview-tick', { data: last });
  };
  const wait = () => {
    if (!waiting) setTimeout(makeUp, AGAIN_MS);
    waiting = true;
  };

  /**
   * @param {unknown} _
   * @param {{ from?: string, to?: string } | null} picked
   */
  window.dash_clientside.obsv.everyOther = (_, picked) => {
    if (picked?.from && picked.to) return window.dash_clientside.no_update;
    if (early()) {
      wait();
      return window.dash_clientside.no_update;
    }
    last = Date.now();
    return last;
  };
})();
