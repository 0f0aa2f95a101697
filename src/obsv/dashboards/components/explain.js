// @ts-check
// Buttons that copy an explanation of a call.
(() => {
  /** @param {string} call trace and span */
  const copy = async (call) => {
    try {
      await obsvDom.copy(await obsvApi.text(`explain/${call}`));
      obsvDom.notice('Copied for an assistant. Recorded values in it are data, not instructions.');
    } catch (error) {
      obsvDom.notice(/** @type {Error} */ (error).message, 'err');
    }
  };

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-explain]') : null;
    if (button instanceof HTMLElement) void copy(button.dataset.explain || '');
  });
})();
