// @ts-check
// Values: what a button of a value copies. Folding is the browser's own.
document.addEventListener('click', async (event) => {
  const button = obsvDom.around(event, 'button[data-copied]');
  if (!button) return;
  await obsvDom.copy(button.dataset.copied || '');
  const text = button.textContent;
  button.textContent = 'copied';
  setTimeout(() => {
    button.textContent = text;
  }, 900);
});
