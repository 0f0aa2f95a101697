// The flow page: what the server drew goes into cytoscape; tips, folding and links are done here.
(function (obsv, shared) {
  const GRAPH = 'flow-graph';
  const REFRESH_MS = 5000;
  const LISTED = 200;
  const byId = (id) => document.getElementById(id);
  const none = () => window.dash_clientside.no_update;
  const state = { key: null, last: 0, bound: null };

  const graph = function () {
    const box = byId(GRAPH);
    const holder = box && (box._cyreg ? box : Array.from(box.querySelectorAll('div')).find((one) => one._cyreg));
    return holder ? holder._cyreg.cy : null;
  };

  const whenThere = function (act, tries = 100) {
    const cy = graph();
    if (cy) act(cy);
    else if (tries && byId(GRAPH)) setTimeout(() => whenThere(act, tries - 1), 50);
  };

  const fit = function (cy) {
    cy.fit(undefined, 44);  // free of the buttons in the corners
    if (cy.zoom() > 1.15) { cy.zoom(1.15); cy.center(); }
  };

  // -- drawing -----------------------------------------------------------------------------------------------------

  // What is there already stays where it is, also where somebody dragged it; only a new kind of view starts afresh.
  const kept = function (elements, cy) {
    return elements.map((element) => {
      const known = element.position && cy.getElementById(element.data.id);
      return known && known.length ? { ...element, position: { ...known.position() } } : element;
    });
  };

  obsv.flowDraw = function (look) {
    if (!look) return none();
    const cy = graph();
    const fresh = state.key !== look.key || !cy || !cy.elements().length;
    const elements = fresh ? look.elements : kept(look.elements, cy);
    state.key = look.key;
    state.look = look;
    describe(look);
    whenThere((drawn) => {
      bind(drawn);
      settle(drawn, elements, fresh);
    });
    return elements;
  };

  // Ahead: out at the right, in at the left, in an S. Within a column: a bow at its right. Back: as cytoscape draws it.
  const bend = function (edge) {
    const [from, to] = [edge.source(), edge.target()];
    if (from === to || from.isParent() || to.isParent()) return;
    const [start, end] = [from.position(), to.position()];
    const dy = end.y - start.y;
    const dx = end.x - to.width() / 2 - (start.x + from.width() / 2);
    if (dx > 12) {
      const length = Math.hypot(dx, dy);
      // Nearly level: straight, an S would show a kink.
      const away = Math.abs(dy) < dx / 8 ? 0 : (dx * dy) / (2 * length);
      const share = (dx * dx) / (2 * length * length);
      edge.style({
        'curve-style': 'unbundled-bezier',
        'edge-distances': 'endpoints',
        'source-endpoint': '90deg',
        'target-endpoint': '270deg',
        'control-point-distances': [-away, away],
        'control-point-weights': [share, 1 - share],
      });
    } else if (Math.abs(end.x - start.x) < 40) {
      edge.style({
        'curve-style': 'unbundled-bezier',
        'edge-distances': 'endpoints',
        'source-endpoint': '90deg',
        'target-endpoint': '90deg',
        'control-point-distances': [Math.sign(dy) * -(16 + Math.abs(dy) / 6)],
        'control-point-weights': [0.5],
      });
    } else {
      edge.removeStyle('curve-style edge-distances source-endpoint target-endpoint');
    }
  };
  const bendAll = (cy, edges) => cy.batch(() => (edges || cy.edges()).forEach(bend));

  // React gives cytoscape its elements in a later turn.
  const settle = function (cy, elements, fresh, tries = 600) {
    if (elements.length && cy.elements().length !== elements.length && tries) {
      setTimeout(() => settle(cy, elements, fresh, tries - 1), 30);
      return;
    }
    bendAll(cy);
    if (fresh) fit(cy);
    find();
    name(cy);
  };

  const name = function (cy) {
    const said = [['function', '.process'], ['feed', '.feed'], ['folded group', '.folded']]
      .map(([word, kind]) => [word, cy.nodes(kind).length]).concat([['arrow', cy.edges().length]])
      .filter(([, many]) => many).map(([word, many]) => `${many} ${word}${many === 1 ? '' : 's'}`);
    byId('flow-canvas').setAttribute('aria-label', `Graph of ${said.join(', ')}; the list after it says the same`);
  };

  const describe = function (look) {
    byId('flow-note').textContent = look.note;
    byId('flow-groups').hidden = look.groups.length < 2;
    byId('flow-legend').hidden = !look.groups.length;
    const empty = byId('flow-empty');
    const nodes = look.elements.filter((element) => !element.data.source);
    empty.hidden = nodes.length > 0;
    empty.replaceChildren(
      shared.el('h3', {}, look.groups.length || look.key !== 'lineage' ? 'No calls' : 'No value went from call to call'),
      shared.el('p', {}, look.key === 'lineage'
        ? 'No output of one call came in as an input of another in the same trace. Short and empty values do not count.'
        : 'Nothing was recorded yet.'),
    );
    list(nodes, look.folded);
  };

  // The same for who cannot point: one tab stop, arrows or j and k to move, Enter to open or fold.
  const list = function (nodes, folded) {
    const box = byId('flow-list');
    const here = box.contains(document.activeElement) ? document.activeElement.dataset.node : null;
    box.replaceChildren(...nodes.slice(0, LISTED).map((node) => shared.el('li', {}, entry(node.data, folded))));
    const entries = Array.from(box.querySelectorAll('[data-node]'));
    const at = entries.find((one) => one.dataset.node === here) || entries[0];
    if (at) at.tabIndex = 0;
    if (at && here) at.focus();
  };

  const entry = function ({ id, name, tip, go: query, fold }, folded) {
    const about = tip.slice(1).map((pair) => pair.join(' ')).join(' · ');
    const mark = fold ? (folded.includes(fold) ? '▸ ' : '▾ ') : '';
    const text = [shared.el('span', { class: 'mono' }, mark + name), shared.el('small', {}, about)];
    if (query) return shared.el('a', { href: address(query), 'data-node': id, 'data-row': '', tabindex: '-1' }, ...text);
    const open = String(!folded.includes(fold));
    return shared.el('button', { 'data-node': id, 'data-row': '', tabindex: '-1', 'aria-expanded': open }, ...text);
  };

  // -- links -------------------------------------------------------------------------------------------------------

  const address = (query) => `/explorer?${new URLSearchParams(query)}`;
  const go = (href) => window.dash_clientside.set_props('location', { href });

  const foldTo = function (folded) {
    shared.setQuery({ folded: folded.length ? folded.join('|') : '|' });
    window.dash_clientside.set_props('flow-asked', { data: { mode: 'calls', trace: null, folded } });
  };

  const toggle = function (group) {
    const { folded } = state.look;
    foldTo(folded.includes(group) ? folded.filter((one) => one !== group) : [...folded, group]);
  };

  // -- pointing ----------------------------------------------------------------------------------------------------

  const showTip = function (event) {
    const tip = byId('flow-tip');
    const lines = event.target.data('tip');
    if (!tip || !lines) return;
    tip.replaceChildren(...lines.map(([label, text]) => (label
      ? shared.el('div', {}, shared.el('span', {}, label), shared.el('span', {}, text))
      : shared.el('strong', {}, text))));
    tip.hidden = false;
    const box = tip.parentElement.getBoundingClientRect();
    const { x, y } = event.renderedPosition;
    tip.style.left = `${Math.min(x + 16, box.width - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(y + 16, box.height - tip.offsetHeight - 8)}px`;
  };

  const hideTip = function () {
    const tip = byId('flow-tip');
    if (tip) tip.hidden = true;
  };

  const pointAt = function (event) {
    const target = event.target;
    showTip(event);
    byId(GRAPH).style.cursor = target.data('go') || target.data('fold') || target.data('trace') ? 'pointer' : '';
    lift(event.cy, target);
  };

  const lift = function (cy, target) {
    if (target.hasClass('group')) return;
    const near = target.isNode() ? target.closedNeighborhood() : target.union(target.connectedNodes());
    cy.batch(() => {
      cy.edges().difference(near).addClass('dim');
      near.edges().addClass('near');
    });
  };

  const pointAway = function (event) {
    hideTip();
    byId(GRAPH).style.cursor = '';
    letGo(event.cy);
  };

  const letGo = function (cy) {
    cy.batch(() => cy.elements().removeClass('near'));
    find();
  };

  const inList = (event) => event.target.closest && event.target.closest('#flow-list [data-node]');
  document.addEventListener('focusin', function (event) {
    const at = inList(event);
    const cy = at && graph();
    if (!cy) return;
    at.closest('ul').querySelectorAll('[data-node]').forEach((one) => { one.tabIndex = one === at ? 0 : -1; });
    letGo(cy);
    lift(cy, cy.getElementById(at.dataset.node));
  });
  document.addEventListener('focusout', function (event) {
    const cy = inList(event) && graph();
    if (cy) letGo(cy);
  });
  document.addEventListener('click', function (event) {
    const at = inList(event);
    if (!at || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (at.tagName === 'A') go(at.getAttribute('href')); else toggle(at.dataset.node);
  });

  const bind = function (cy) {
    if (state.bound === cy) return;
    state.bound = cy;
    cy.on('mouseover', 'node, edge', pointAt);
    cy.on('mouseout', 'node, edge', pointAway);
    // Not on 'pan' or 'zoom': React sets both again whenever something is pointed at.
    ['wheel', 'pointerdown'].forEach((kind) => cy.container().addEventListener(kind, hideTip, { passive: true }));
    cy.on('drag', 'node', (event) => {
      const moved = event.target.union(event.target.descendants());
      bendAll(cy, moved.connectedEdges());
    });
    cy.on('tap', 'node, edge', (event) => {
      const { go: query, fold, trace } = event.target.data();
      if (event.target !== event.cy && event.originalEvent && event.originalEvent.shiftKey) return;
      if (trace) go(`/trace/${trace[0]}?span=${trace[1]}`);
      else if (fold) toggle(fold);
      else if (query) go(address(query));
    });
  };

  // -- finding, zooming, refreshing --------------------------------------------------------------------------------

  const find = function () {
    const cy = graph();
    const field = byId('flow-find');
    if (!cy || !field) return;
    const wanted = field.value.trim().toLowerCase();
    cy.batch(() => {
      cy.elements().removeClass('dim');
      if (!wanted) return;
      const hits = cy.nodes().filter((node) => String(node.data('name')).toLowerCase().includes(wanted));
      cy.elements().difference(hits.union(hits.ancestors()).union(hits.descendants())).not('.group').addClass('dim');
    });
  };

  obsv.flowFind = function () {
    const cy = graph();
    find();
    if (cy && byId('flow-find').value.trim()) {
      const hits = cy.nodes().not('.dim').not('.group');
      if (hits.length) cy.animate({ center: { eles: hits }, duration: 150 });
    }
    return none();
  };

  obsv.flowMode = function (mode, asked) {
    shared.setQuery({ mode: mode === 'lineage' ? mode : null, trace: null });
    return { ...asked, mode, trace: null };
  };

  obsv.flowTick = function () {
    const now = Date.now();
    if (now - state.last < REFRESH_MS || document.hidden) return none();
    state.last = now;
    return now;
  };

  const zoom = (by) => whenThere((cy) => cy.zoom({
    level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 },
  }));
  const buttons = {
    'flow-in': () => zoom(1.25),
    'flow-out': () => zoom(0.8),
    'flow-fit': () => whenThere(fit),
    'flow-fold': () => foldTo(state.look.groups),
    'flow-unfold': () => foldTo([]),
  };
  document.addEventListener('click', function (event) {
    const button = event.target.closest && event.target.closest('button[id^="flow-"]');
    if (button && buttons[button.id]) buttons[button.id]();
  });
  // Not dash-cytoscape's `responsive`: it takes the zoom back to 1 at its start.
  let resized = 0;
  window.addEventListener('resize', function () {
    clearTimeout(resized);
    resized = setTimeout(() => { if (graph()) fit(graph()); }, 150);
  });
  const keys = { '+': 'flow-in', '-': 'flow-out', 0: 'flow-fit' };
  document.addEventListener('keydown', function (event) {
    if (!byId(GRAPH) || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea')) return;
    if (keys[event.key]) buttons[keys[event.key]]();
    const at = inList(event);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (at && event.key === 'Escape') at.blur();
    if (!at || !step) return;
    event.preventDefault();
    const next = step > 0 ? at.parentElement.nextElementSibling : at.parentElement.previousElementSibling;
    if (next) next.firstElementChild.focus();
  });
})(window.dash_clientside.obsv, window.obsv);
