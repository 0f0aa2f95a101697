// @ts-check
// One number of a report is open at a time; Escape and a click elsewhere close it.
(() => {
  const opened = () => /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('.report-fact[open]'));
  const closeAll = (/** @type {Element | null} */ but) => {
    for (const each of opened()) {
      if (each !== but) each.open = false;
    }
  };

  document.addEventListener('click', (event) => {
    const target = event.target;
    closeAll(target instanceof Element ? target.closest('.report-fact') : null);
  });
  document.addEventListener('keydown', (event) => {
    const [first] = opened();
    if (event.key !== 'Escape' || !first) return;
    first.querySelector('summary')?.focus();
    closeAll(null);
  });
})();
