// @ts-check
// A dialog above everything else, one at a time.
const obsvDialog = (() => {
  /** @type {HTMLDialogElement | null} */
  let dialog = null;
  const close = () => {
    dialog?.close();
    dialog?.remove();
    dialog = null;
  };

  /**
   * @param {string} title
   * @param {...(Node | null)} parts
   */
  const open = (title, ...parts) => {
    close();
    const head = obsvDom.el(
      'header',
      {},
      obsvDom.el('h2', { id: 'dialog-title' }, title),
      button('Close', close, 'icon-button link-dialog-close'),
    );
    const made = /** @type {HTMLDialogElement} */ (
      obsvDom.el('dialog', { class: 'link-dialog', 'aria-labelledby': 'dialog-title' }, head, ...parts)
    );
    // The page's own Esc would close the drawer below it.
    made.addEventListener('keydown', (event) => event.stopPropagation());
    // The event of a dialog that was replaced comes when the next one is open.
    made.addEventListener('close', () => made === dialog && close());
    dialog = made;
    document.body.append(made);
    made.showModal();
  };

  /**
   * @param {string} label
   * @param {() => void} act
   * @param {string} [kind]
   */
  const button = (label, act, kind = 'button') => {
    const text = kind === 'button' ? label : '×';
    const made = obsvDom.el('button', { type: 'button', class: kind, 'aria-label': label }, text);
    made.addEventListener('click', act);
    return made;
  };

  return { button, close, open };
})();
