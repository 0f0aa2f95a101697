// @ts-check
// Elements whose text is always text, messages, the clipboard.
const obsvDom = (() => {
  /** @param {string} id */
  const byId = (id) => document.getElementById(id);

  /**
   * @param {string} id
   * @param {string} value
   */
  const write = (id, value) => {
    const node = byId(id);
    if (node) node.textContent = value;
  };

  /**
   * An element: attributes, then children; a string becomes a text node, never markup.
   * @param {string} tag
   * @param {Record<string, string | null | undefined>} attributes
   * @param {...(Node | string | null)} children
   */
  const el = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  };

  /**
   * What an event is about: the nearest element around its target.
   * @param {Event} event
   * @param {string} selector
   * @returns {HTMLElement | null}
   */
  const around = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

  /** Whether keys are text for a field. @param {Event} event */
  const typing = (event) => around(event, 'input, textarea, select, [contenteditable=true], dialog') !== null;

  /**
   * @param {string} text
   * @param {'plain' | 'err'} [kind]
   */
  const notice = (text, kind = 'plain') => window.dash_clientside.set_props('notice', { data: { text, kind } });

  /** @param {string} text */
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS there is no clipboard but this.
      const field = document.createElement('textarea');
      field.className = 'visually-hidden';
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand('copy');
      field.remove();
    }
  };

  /**
   * Gives an element the focus as soon as it is there, unless something else is pressed meanwhile.
   * @param {() => Element | null} find
   */
  const focusOnce = (find) => {
    const take = () => {
      const found = find();
      if (!(found instanceof HTMLElement)) return;
      watch.disconnect();
      found.focus();
    };
    const watch = new MutationObserver(take);
    watch.observe(document.body, { childList: true, subtree: true });
    for (const kind of ['keydown', 'pointerdown']) {
      document.addEventListener(kind, () => watch.disconnect(), { capture: true, once: true });
    }
    take();
  };

  return { around, byId, copy, el, focusOnce, notice, typing, write };
})();
