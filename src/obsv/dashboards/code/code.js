// @ts-check
// The code page: the function that is chosen stands in the address, and Back leads to the one before.
window.dash_clientside.obsv.codeChosen = (/** @type {string | null} */ name) => {
  obsvAddress.set({ process: name }, 'go');
  return window.dash_clientside.no_update;
};

// The list of all functions: a click on a heading sorts it, typing filters it.
(() => {
  const rows = () =>
    /** @type {HTMLTableRowElement[]} */ (Array.from(document.querySelectorAll('#code-list tbody tr')));

  /**
   * @param {number} column
   * @param {boolean} downwards
   */
  const sort = (column, downwards) => {
    const by = (/** @type {HTMLTableRowElement} */ row) => row.cells[column].dataset.by || '';
    const numbers = column > 1;
    const sorted = rows().sort((one, other) => {
      const order = numbers
        ? Number(by(one)) - Number(by(other))
        : by(one) < by(other)
          ? -1
          : Number(by(one) > by(other));
      return downwards ? -order : order;
    });
    document.querySelector('#code-list tbody')?.append(...sorted);
  };

  document.addEventListener('click', (event) => {
    const button = obsvDom.around(event, '#code-list button.sort');
    const head = button?.closest('th');
    if (!button || !head) return;
    const before = head.getAttribute('aria-sort');
    const opposite = before === 'descending' ? 'ascending' : 'descending';
    const order = before ? opposite : button.dataset.first || 'descending';
    for (const each of head.parentElement?.children || []) each.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', order);
    sort(/** @type {HTMLTableCellElement} */ (head).cellIndex, order === 'descending');
  });

  document.addEventListener('input', (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.id !== 'code-filter') return;
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows()) {
      const text = `${row.cells[0].dataset.by} ${row.cells[1].dataset.by}`.toLowerCase();
      row.hidden = !text.includes(wanted);
      shown += Number(!row.hidden);
    }
    obsvDom.write('code-count', `${obsvFormat.exact(shown)} of ${obsvFormat.counted(rows().length, 'function')}`);
  });
})();
