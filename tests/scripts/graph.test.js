// The flow page around its graph: what is drawn, kept, found, folded, followed. Cytoscape itself, without a screen.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { plain } from './load.js';
import { open } from './page.js';

const HTML = `<div id="flow-canvas"><div id="flow-graph"></div><div id="flow-tip" hidden></div></div>
  <div id="flow-groups"></div><div id="flow-legend"></div><div id="flow-empty"></div><ul id="flow-list"></ul>
  <p id="flow-note"></p><input id="flow-find"><button id="flow-in"></button><button id="flow-out"></button>
  <button id="flow-fit"></button><button id="flow-fold"></button><button id="flow-unfold"></button>`;
// In the page's own window: it knows objects of another one not to be plain.
const CYTOSCAPE = '../../../tests/scripts/node_modules/cytoscape/dist/cytoscape.min.js';
const SCRIPTS = [
  CYTOSCAPE,
  ...['shell/root.js', 'components/dom.js', 'shell/address.js'],
  ...['flow/bend.js', 'flow/names.js', 'flow/flow.js'],
];
const node = (id, x, y, data = {}, classes = 'process') => ({
  ...{ group: 'nodes', classes, position: { x, y } },
  data: {
    id,
    name: id,
    tip: [
      ['', id],
      ['calls', '5'],
    ],
    go: { process: id },
    ...data,
  },
});
const edge = (source, target) => ({ group: 'edges', data: { id: `${source}>${target}`, source, target } });
const ELEMENTS = [node('shop.buy', 0, 0), node('shop.sell', 300, 0), edge('shop.buy', 'shop.sell')];
const look = (more = {}) => ({
  key: 'calls',
  note: 'of 1 h',
  groups: ['shop'],
  folded: [],
  elements: ELEMENTS,
  ...more,
});
let page;
let cy;
const there = (value) => page.window.JSON.parse(JSON.stringify(value));
const draw = (given = look()) => {
  const elements = page.callbacks.flowDraw(given);
  cy.json(there({ elements }));
  return page.clock.pass(60);
};
const entries = () => Array.from(page.document.querySelectorAll('#flow-list [data-node]'));

beforeEach(() => {
  page = open(SCRIPTS, { html: HTML, url: 'http://localhost/flow' });
  const style = [{ selector: 'node', style: { width: 100, height: 30 } }];
  cy = page.window.cytoscape(there({ headless: true, styleEnabled: true, style }));
  cy.container = () => page.byId('flow-canvas');
  page.byId('flow-graph')._cyreg = { cy };
  page.value('obsvAddress').moved();
});

// It keeps a timer of its own.
afterEach(() => cy.destroy());

test('the graph is drawn, and said in words', async () => {
  assert.equal(page.callbacks.flowDraw(null), 'no update');
  await draw();
  assert.equal(page.byId('flow-note').textContent, 'of 1 h');
  assert.match(page.byId('flow-canvas').getAttribute('aria-label'), /^Graph of 2 functions, 1 arrow;/);
  assert.equal(page.byId('flow-empty').hidden, true);
  assert.equal(page.byId('flow-groups').hidden, true, 'one group is no choice');
  assert.deepEqual(
    entries().map((each) => each.getAttribute('href')),
    ['/explorer?process=shop.buy', '/explorer?process=shop.sell'],
  );
});

test('what is not there is said: no calls, no values', async () => {
  await draw(look({ elements: [], groups: [] }));
  assert.match(page.byId('flow-empty').textContent, /^No callsNothing was recorded yet/);
  assert.equal(page.byId('flow-legend').hidden, true);
  await draw(look({ key: 'lineage', elements: [], groups: [] }));
  assert.match(page.byId('flow-empty').textContent, /^No value went from call to call/);
});

test('a node that somebody has moved stays there, until the view is another one', async () => {
  await draw();
  cy.getElementById('shop.sell').position(there({ x: 50, y: 60 }));
  const moved = (given) => plain(page.callbacks.flowDraw(given).find((each) => each.data.id === 'shop.sell').position);
  assert.deepEqual(moved(look()), { x: 50, y: 60 });
  assert.deepEqual(moved(look({ key: 'lineage' })), { x: 300, y: 0 });
});

test('a search dims all else and centres what it found', async () => {
  await draw();
  page.byId('flow-find').value = 'SELL';
  page.callbacks.flowFind();
  assert.deepEqual(plain(cy.nodes('.dim').map((each) => each.id())), ['shop.buy']);
  page.byId('flow-find').value = '';
  page.callbacks.flowFind();
  assert.equal(cy.elements('.dim').length, 0);
});

test('pointing shows the tip as text and lifts what is near', async () => {
  const named = node('<b>x</b>', 600, 0);
  await draw(look({ elements: [...ELEMENTS, named, edge('shop.sell', '<b>x</b>')] }));
  cy.getElementById('<b>x</b>').emit(there({ type: 'mouseover', renderedPosition: { x: 5, y: 5 } }));
  const tip = page.byId('flow-tip');
  assert.equal(tip.hidden, false);
  assert.equal(tip.querySelector('b'), null);
  assert.equal(tip.textContent, '<b>x</b>calls5');
  assert.deepEqual(plain(cy.edges('.dim').map((each) => each.id())), ['shop.buy>shop.sell']);
  assert.equal(page.byId('flow-graph').style.cursor, 'pointer');
  cy.getElementById('<b>x</b>').emit('mouseout');
  assert.equal(tip.hidden, true);
  assert.equal(cy.edges('.dim').length, 0);
});

test('a tap leads to the calls, to a span, or folds a group', async () => {
  const trace = node('place', 0, 90, { trace: ['ab', 'cd'] });
  const group = node('shop', 0, 200, { fold: 'shop', go: undefined }, 'group');
  await draw(look({ elements: [...ELEMENTS, trace, group] }));
  cy.getElementById('shop.buy').emit('tap');
  assert.deepEqual(plain(page.set.at(-1)), ['location', { href: '/explorer?process=shop.buy' }]);
  cy.getElementById('place').emit('tap');
  assert.deepEqual(plain(page.set.at(-1)), ['location', { href: '/trace/ab?span=cd' }]);
  cy.getElementById('shop').emit('tap');
  assert.deepEqual(plain(page.set.at(-1)), ['flow-asked', { data: { mode: 'calls', trace: null, folded: ['shop'] } }]);
  assert.equal(page.window.location.search, '?folded=shop');
});

test('all groups fold and unfold; none folded is said in the address', async () => {
  await draw(look({ groups: ['a', 'b'] }));
  page.byId('flow-fold').click();
  assert.equal(page.window.location.search, '?folded=a%7Cb');
  page.byId('flow-unfold').click();
  assert.equal(page.window.location.search, '?folded=%7C');
});

test('the list has one tab stop; arrows move, Enter folds, the focus outlives a new drawing', async () => {
  const group = node('shop', 0, 200, { fold: 'shop', go: undefined }, 'group');
  await draw(look({ elements: [group, ...ELEMENTS], folded: ['shop'] }));
  assert.deepEqual(
    entries().map((each) => each.tabIndex),
    [0, -1, -1],
  );
  assert.equal(entries()[0].getAttribute('aria-expanded'), 'false');
  entries()[0].focus();
  page.press('ArrowDown', page.document.activeElement);
  assert.equal(page.document.activeElement.dataset.node, 'shop.buy');
  assert.deepEqual(
    entries().map((each) => each.tabIndex),
    [-1, 0, -1],
  );
  assert.ok(cy.getElementById('shop.buy>shop.sell').hasClass('near'));
  await draw(look({ elements: [group, ...ELEMENTS] }));
  assert.equal(page.document.activeElement.dataset.node, 'shop.buy');
  page.press('ArrowUp', page.document.activeElement);
  page.document.activeElement.click();
  assert.deepEqual(plain(page.set.at(-1)[1]).data.folded, ['shop']);
  page.press('Escape', page.document.activeElement);
  assert.equal(page.document.activeElement, page.document.body);
});

test('the mode stands in the address and asks anew', () => {
  assert.deepEqual(plain(page.callbacks.flowMode('lineage', { mode: 'calls', trace: 'x', folded: [] })), {
    ...{ mode: 'lineage', trace: null, folded: [] },
  });
  assert.equal(page.window.location.search, '?mode=lineage');
  page.callbacks.flowMode('calls', {});
  assert.equal(page.window.location.search, '');
});

test('it is drawn anew every five seconds while somebody looks', async () => {
  const look = (hidden) => Object.defineProperty(page.document, 'hidden', { value: hidden, configurable: true });
  look(false);
  const now = page.callbacks.flowTick();
  assert.equal(now, page.clock.now());
  await page.clock.pass(4000);
  assert.equal(page.callbacks.flowTick(), 'no update');
  await page.clock.pass(1000);
  assert.equal(page.callbacks.flowTick(), now + 5000);
  await page.clock.pass(5000);
  look(true);
  assert.equal(page.callbacks.flowTick(), 'no update');
});

test('buttons and keys zoom; a key in a field is text', async () => {
  await draw();
  const zoom = cy.zoom();
  page.byId('flow-in').click();
  assert.ok(Math.abs(cy.zoom() / zoom - 1.25) < 1e-9);
  page.press('-');
  assert.ok(Math.abs(cy.zoom() / zoom - 1) < 1e-9);
  page.press('+', page.byId('flow-find'));
  assert.ok(Math.abs(cy.zoom() / zoom - 1) < 1e-9);
});

test('arrows back and forth bend, a dragged node takes them along', async () => {
  await draw(look({ elements: [node('a', 0, 0), node('b', 0, 90), edge('a', 'b')] }));
  const ends = () => cy.edges()[0].style('target-endpoint');
  const before = ends();
  cy.getElementById('b').position(there({ x: 400, y: 90 }));
  cy.getElementById('b').emit('drag');
  assert.notEqual(ends(), before);
});

test('the graph fits its window again once that rests', async () => {
  await draw();
  cy.zoom(3);
  page.byId('flow-fit').click();
  assert.equal(cy.zoom(), 0.8, 'no smaller than can be read');
  cy.zoom(3);
  page.window.dispatchEvent(new page.window.Event('resize'));
  await page.clock.pass(100);
  assert.equal(cy.zoom(), 3);
  await page.clock.pass(60);
  assert.equal(cy.zoom(), 0.8);
});
