// @ts-check
// The switch of a list that shows what arrives: the address remembers it, the button says what a click does.
const obsvLive = (() => {
  /**
   * @param {string} id of the button
   * @param {boolean} live
   */
  const set = (id, live) => {
    obsvAddress.set({ live: live ? '1' : null });
    const button = obsvDom.byId(id);
    if (!button) return;
    button.setAttribute('aria-pressed', String(live));
    /** @type {HTMLElement} */ (button.querySelector('.icon')).className = `icon ${live ? 'icon-pause' : 'icon-play'}`;
    /** @type {HTMLElement} */ (button.querySelector('span')).textContent = live ? 'Pause' : 'Live';
  };

  const isAsked = () => obsvAddress.get('live') === '1';

  return { isAsked, set };
})();
