// @ts-check
// A long graph of artifacts begins at the one that its page is about.
(() => {
  const WAIT_MS = 50;

  /**
   * @param {string} artifact
   * @param {number} [tries]
   */
  const centre = (artifact, tries = 100) => {
    const node = /** @type {HTMLElement | null} */ (document.querySelector(`.lineage-node.here[href$="/${artifact}"]`));
    const frame = node?.closest('.lineage-frame');
    if (node && frame) {
      frame.scrollLeft = node.offsetLeft + (node.offsetWidth - frame.clientWidth) / 2;
      frame.scrollTop = node.offsetTop + (node.offsetHeight - frame.clientHeight) / 2;
    } else if (tries) setTimeout(() => centre(artifact, tries - 1), WAIT_MS);
  };

  /** @param {string} artifact 64 hex digits */
  const lineageCentre = (artifact) => {
    centre(artifact);
    return window.dash_clientside.no_update;
  };

  Object.assign(window.dash_clientside.obsv, { lineageCentre });
})();
