// @ts-check
// The flow page: what the server drew goes into cytoscape; tips, folding and links are done here.
(() => {
  const GRAPH = 'flow-graph';
  const REFRESH_MS = 5000;
  const LISTED = 200;
  const ROOM_PX = 44; // free of the buttons in the corners
  const MOST_ZOOM = 1.15;
  const LEAST_ZOOM = 0.8; // labels of 11.5 px are 9 px high on the screen
  const { byId, el } = obsvDom;
  const none = () => window.dash_clientside.no_update;
  /** @typedef {{ key: string, note: string, groups: string[], folded: string[], elements: any[] }} Look */
  const state = {
    /** @type {string | null} */
    key: null,
    last: 0,
    /** @type {Cytoscape | null} */
    bound: null,
    /** @type {Look | null} */
    look: null,
  };

  /** @returns {Cytoscape | null} */
  const graph = () => {
    const box = /** @type {any} */ (byId(GRAPH));
    const holder = box && (box._cyreg ? box : Array.from(box.querySelectorAll('div')).find((one) => one._cyreg));
    return holder ? holder._cyreg.cy : null;
  };

  /**
   * @param {(cy: Cytoscape) => void} act
   * @param {number} [tries]
   */
  const whenThere = (act, tries = 100) => {
    const cy = graph();
    if (cy) act(cy);
    else if (tries && byId(GRAPH)) setTimeout(() => whenThere(act, tries - 1), 50);
  };

  /** @param {Cytoscape} cy */
  const fit = (cy) => {
    cy.fit(undefined, ROOM_PX);
    if (cy.zoom() > MOST_ZOOM) {
      cy.zoom(MOST_ZOOM);
      cy.center();
    } else if (cy.zoom() < LEAST_ZOOM) {
      // Rather a part that can be read than all that cannot: where calls begin.
      cy.zoom(LEAST_ZOOM);
      const box = cy.elements().renderedBoundingBox();
      const room = (/** @type {number} */ size, /** @type {number} */ from, /** @type {number} */ to) =>
        to - from < size ? (size - from - to) / 2 : ROOM_PX - from;
      cy.panBy({ x: room(cy.width(), box.x1, box.x2), y: room(cy.height(), box.y1, box.y2) });
    }
  };

  // -- drawing -------------------------------------------------------------------------------------------------------

  // What is there already stays where it is, also where somebody dragged it; only a new kind of view starts afresh.
  /**
   * @param {any[]} elements
   * @param {Cytoscape} cy
   */
  const kept = (elements, cy) =>
    elements.map((element) => {
      const known = element.position && cy.getElementById(element.data.id);
      return known?.length ? { ...element, position: { ...known.position() } } : element;
    });

  /** @param {Look | null} look */
  const flowDraw = (look) => {
    if (!look) return none();
    const cy = graph();
    const fresh = state.key !== look.key || !cy?.elements().length;
    const elements = fresh || !cy ? look.elements : kept(look.elements, cy);
    state.key = look.key;
    state.look = look;
    describe(look);
    whenThere((drawn) => {
      bind(drawn);
      settle(drawn, elements, fresh);
    });
    return elements;
  };

  /** @param {any} edge */
  const bend = (edge) => {
    const [from, to] = [edge.source(), edge.target()];
    if (from === to || from.isParent() || to.isParent()) return;
    const style = obsvBend.style({ ...from.position(), width: from.width() }, { ...to.position(), width: to.width() });
    if (style) edge.style(style);
    else edge.removeStyle('curve-style edge-distances source-endpoint target-endpoint');
  };
  /**
   * @param {Cytoscape} cy
   * @param {any} [edges]
   */
  const bendAll = (cy, edges) => cy.batch(() => (edges || cy.edges()).forEach(bend));

  // React gives cytoscape its elements in a later turn.
  /**
   * @param {Cytoscape} cy
   * @param {any[]} elements
   * @param {boolean} fresh
   * @param {number} [tries]
   */
  const settle = (cy, elements, fresh, tries = 600) => {
    if (elements.length && cy.elements().length !== elements.length && tries) {
      setTimeout(() => settle(cy, elements, fresh, tries - 1), 30);
      return;
    }
    bendAll(cy);
    if (fresh) fit(cy);
    find();
    label(cy);
  };

  /** @param {Cytoscape} cy */
  const label = (cy) => {
    const said = obsvFlowNames.said([
      ['function', cy.nodes('.process').length],
      ['feed', cy.nodes('.feed').length],
      ['folded group', cy.nodes('.folded').length],
      ['arrow', cy.edges().length],
    ]);
    byId('flow-canvas')?.setAttribute('aria-label', `Graph of ${said}; the list after it says the same`);
  };

  /** @param {Look} look */
  const describe = (look) => {
    obsvDom.write('flow-note', look.note);
    const nodes = look.elements.filter((element) => !element.data.source);
    const lineage = look.key === 'lineage';
    /** @type {[string, boolean][]} */
    const parts = [
      ['flow-groups', look.groups.length < 2],
      ['flow-legend', !look.groups.length],
      ['flow-empty', nodes.length > 0],
    ];
    for (const [id, hidden] of parts) /** @type {HTMLElement} */ (byId(id)).hidden = hidden;
    byId('flow-empty')?.replaceChildren(
      el('h3', {}, look.groups.length || !lineage ? 'No calls' : 'No value went from call to call'),
      el(
        'p',
        {},
        lineage
          ? 'No output of one call came in as an input of another in the same trace. Short and empty values do not count.'
          : 'Nothing was recorded yet.',
      ),
    );
    list(nodes, look.folded);
  };

  // The same for who cannot point: one tab stop, arrows or j and k to move, Enter to open or fold.
  /**
   * @param {any[]} nodes
   * @param {string[]} folded
   */
  const list = (nodes, folded) => {
    const box = /** @type {HTMLElement} */ (byId('flow-list'));
    const active = /** @type {HTMLElement} */ (document.activeElement);
    const here = box.contains(active) ? active.dataset.node : null;
    box.replaceChildren(...nodes.slice(0, LISTED).map((node) => el('li', {}, entry(node.data, folded))));
    const entries = /** @type {HTMLElement[]} */ (Array.from(box.querySelectorAll('[data-node]')));
    const at = entries.find((one) => one.dataset.node === here) || entries[0];
    if (at) at.tabIndex = 0;
    if (at && here) at.focus();
  };

  /**
   * @param {FlowNode} node
   * @param {string[]} folded
   */
  const entry = (node, folded) => {
    const { id, name, go: query, fold } = node;
    const shut = fold !== undefined && folded.includes(fold);
    const text = [
      el('span', { class: 'mono' }, (fold ? (shut ? '▸ ' : '▾ ') : '') + name),
      el('small', {}, obsvFlowNames.about(node)),
    ];
    const row = { 'data-node': id, 'data-row': '', tabindex: '-1' };
    return query
      ? el('a', { href: address(query), ...row }, ...text)
      : el('button', { ...row, 'aria-expanded': String(!shut) }, ...text);
  };

  // -- links ---------------------------------------------------------------------------------------------------------

  /** @param {Record<string, string>} query */
  const address = (query) => obsvRoot.under(`/explorer?${new URLSearchParams(query)}`);
  /** @param {string} href */
  const go = (href) => window.dash_clientside.set_props('location', { href });

  /** @param {string[]} folded */
  const foldTo = (folded) => {
    obsvAddress.set({ folded: folded.length ? folded.join('|') : '|' }, 'push');
    window.dash_clientside.set_props('flow-asked', { data: { mode: 'calls', trace: null, folded } });
  };

  /** @param {string} group */
  const toggle = (group) => {
    if (state.look) foldTo(obsvFlowNames.toggled(state.look.folded, group));
  };

  // -- pointing ------------------------------------------------------------------------------------------------------

  /** @param {any} event */
  const showTip = (event) => {
    const tip = byId('flow-tip');
    /** @type {[string, string][] | undefined} */
    const lines = event.target.data('tip');
    if (!tip?.parentElement || !lines) return;
    tip.replaceChildren(
      ...lines.map(([name, text]) =>
        name ? el('div', {}, el('span', {}, name), el('span', {}, text)) : el('strong', {}, text),
      ),
    );
    tip.hidden = false;
    const box = tip.parentElement.getBoundingClientRect();
    const { x, y } = event.renderedPosition;
    tip.style.left = `${Math.max(8, Math.min(x + 16, box.width - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, Math.min(y + 16, box.height - tip.offsetHeight - 8))}px`;
  };

  const hideTip = () => {
    const tip = byId('flow-tip');
    if (tip) tip.hidden = true;
  };

  /** @param {string} shape */
  const pointer = (shape) => {
    const box = byId(GRAPH);
    if (box) box.style.cursor = shape;
  };

  /** @param {any} event */
  const pointAt = (event) => {
    const { go: query, fold, trace } = event.target.data();
    showTip(event);
    pointer(query || fold || trace ? 'pointer' : '');
    lift(event.cy, event.target);
  };

  /**
   * @param {Cytoscape} cy
   * @param {any} target
   */
  const lift = (cy, target) => {
    if (target.hasClass('group')) return;
    const near = target.isNode() ? target.closedNeighborhood() : target.union(target.connectedNodes());
    cy.batch(() => {
      cy.edges().difference(near).addClass('dim');
      near.edges().addClass('near');
    });
  };

  /** @param {any} event */
  const pointAway = (event) => {
    hideTip();
    pointer('');
    letGo(event.cy);
  };

  /** @param {Cytoscape} cy */
  const letGo = (cy) => {
    cy.batch(() => cy.elements().removeClass('near'));
    find();
  };

  /** @param {Event} event */
  const inList = (event) => obsvDom.around(event, '#flow-list [data-node]');
  document.addEventListener('focusin', (event) => {
    const at = inList(event);
    const cy = at && graph();
    const entries = at?.closest('ul')?.querySelectorAll('[data-node]');
    if (!cy || !entries) return;
    for (const one of entries) /** @type {HTMLElement} */ (one).tabIndex = one === at ? 0 : -1;
    letGo(cy);
    lift(cy, cy.getElementById(at.dataset.node || ''));
  });
  document.addEventListener('focusout', (event) => {
    const cy = inList(event) && graph();
    if (cy) letGo(cy);
  });
  document.addEventListener('click', (event) => {
    const at = inList(event);
    if (!at || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const href = at.getAttribute('href');
    if (href) go(href);
    else toggle(at.dataset.node || '');
  });

  /** @param {Cytoscape} cy */
  const bind = (cy) => {
    if (state.bound === cy) return;
    state.bound = cy;
    cy.on('mouseover', 'node, edge', pointAt);
    cy.on('mouseout', 'node, edge', pointAway);
    // Not on 'pan' or 'zoom': React sets both again whenever something is pointed at.
    for (const kind of ['wheel', 'pointerdown']) cy.container().addEventListener(kind, hideTip, { passive: true });
    cy.on('drag', 'node', (event) => {
      const moved = event.target.union(event.target.descendants());
      bendAll(cy, moved.connectedEdges());
    });
    cy.on('tap', 'node, edge', (event) => {
      const { go: query, fold, trace } = event.target.data();
      if (event.target !== event.cy && event.originalEvent?.shiftKey) return;
      if (trace) go(obsvRoot.under(`/trace/${trace[0]}?span=${trace[1]}`));
      else if (fold) toggle(fold);
      else if (query) go(address(query));
    });
  };

  // -- finding, zooming, refreshing ----------------------------------------------------------------------------------

  const wanted = () => /** @type {HTMLInputElement | null} */ (byId('flow-find'))?.value.trim() || '';

  const find = () => {
    const cy = graph();
    if (!cy) return;
    const text = wanted();
    cy.batch(() => {
      cy.elements().removeClass('dim');
      if (!text) return;
      const hits = cy.nodes().filter((/** @type {any} */ node) => obsvFlowNames.fits(node.data('name'), text));
      cy.elements().difference(hits.union(hits.ancestors()).union(hits.descendants())).not('.group').addClass('dim');
    });
  };

  const flowFind = () => {
    const cy = graph();
    find();
    if (cy && wanted()) {
      const hits = cy.nodes().not('.dim').not('.group');
      // In one step: React puts the graph back to where it believes it to be while it moves.
      if (hits.length) {
        cy.zoom(Math.max(LEAST_ZOOM, cy.zoom()));
        cy.center(hits);
      }
    }
    return none();
  };

  /**
   * @param {string} mode
   * @param {Record<string, unknown>} asked
   */
  const flowMode = (mode, asked) => {
    obsvAddress.set({ mode: mode === 'lineage' ? mode : null, trace: null }, 'push');
    return { ...asked, mode, trace: null };
  };

  const flowTick = () => {
    const now = Date.now();
    if (now - state.last < REFRESH_MS || document.hidden) return none();
    state.last = now;
    return now;
  };

  /** @param {number} by */
  const zoom = (by) =>
    whenThere((cy) => cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } }));
  /** @type {Record<string, () => void>} */
  const buttons = {
    'flow-in': () => zoom(1.25),
    'flow-out': () => zoom(0.8),
    'flow-fit': () => whenThere(fit),
    'flow-fold': () => foldTo(state.look ? state.look.groups : []),
    'flow-unfold': () => foldTo([]),
  };
  document.addEventListener('click', (event) => {
    const button = obsvDom.around(event, 'button[id^="flow-"]');
    if (button) buttons[button.id]?.();
  });
  // Not dash-cytoscape's `responsive`: it takes the zoom back to 1 at its start.
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resized;
  window.addEventListener('resize', () => {
    clearTimeout(resized);
    resized = setTimeout(() => {
      const cy = graph();
      if (cy) fit(cy);
    }, 150);
  });
  /** @type {Record<string, string>} */
  const keys = { '+': 'flow-in', '-': 'flow-out', 0: 'flow-fit' };
  document.addEventListener('keydown', (event) => {
    if (!byId(GRAPH) || event.ctrlKey || event.metaKey || event.altKey || obsvDom.typing(event)) return;
    if (keys[event.key]) buttons[keys[event.key]]();
    const at = inList(event);
    if (!at?.parentElement) return;
    if (event.key === 'Escape') at.blur();
    if (!['ArrowDown', 'ArrowUp'].includes(event.key)) return;
    event.preventDefault();
    const { nextElementSibling, previousElementSibling } = at.parentElement;
    const next = event.key === 'ArrowDown' ? nextElementSibling : previousElementSibling;
    if (next) /** @type {HTMLElement} */ (next.firstElementChild).focus();
  });

  Object.assign(window.dash_clientside.obsv, { flowDraw, flowFind, flowMode, flowTick });
})();
