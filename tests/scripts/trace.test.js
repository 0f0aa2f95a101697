// The trace page: loading, folding, searching, errors, the panel, the map, the flame graph, and how rows are drawn.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { makeGrid } from './grid.js';
import { plain } from './load.js';
import { open } from './page.js';

const BUTTONS = [
  'error',
  'fold',
  'unfold',
  'previous',
  'next',
  'only-path',
  'zoom-out',
  'panel-close',
  'copy-markdown',
];
const FLAME = ['flame-switch', 'flame-in', 'flame-out', 'copy-otlp'];
const HTML = `<div class="trace-page"><div id="trace-title"></div><div id="trace-facts"></div><div id="trace-legend"></div>
  <div id="trace-map"><canvas id="trace-map-canvas"></canvas><div id="trace-map-window"></div></div>
  ${[...BUTTONS, ...FLAME].map((name) => `<button id="trace-${name}">x</button>`).join('')}
  <input id="trace-search"><span id="trace-found"></span><div id="trace-state" hidden></div>
  <div id="trace-body" class="loading"><div class="grid-frame"><div class="grid" id="trace-grid"></div></div>
  <div id="trace-flame" tabindex="0"><div id="trace-flame-room"><canvas id="trace-flame-canvas"></canvas></div></div>
  <span id="trace-flame-said"></span><div id="trace-panel"></div></div></div>`;
const SCRIPTS = [
  ...['shell/root.js', 'components/dom.js', 'components/format.js', 'shell/address.js', 'controls/grid.js'],
  ...['shell/keyboard.js', 'trace/tree.js', 'trace/axis.js', 'trace/siblings.js', 'trace/layers.js', 'trace/trace.js'],
  ...['trace/flame.js', 'trace/beside.js', 'trace/map.js', 'trace/cells.js'],
];
// 0 shop.day ─┬─ 1 shop.load ─── 2 shop.read (failed, with an event)
//             └─ 3..12 shop.step, ten of one kind, 5 failed
const TRACE = (() => {
  const steps = Array.from({ length: 10 }, (_, at) => at);
  return {
    ...{ trace_id: 'ab', start_ns: '1795000000000000000', length: 1000, total: 13, moved: { till: -2e6 } },
    processes: [
      ...[
        ['shop.day', 'shop', 'jobs'],
        ['shop.load', 'shop', 'jobs'],
        ['shop.read', 'till', 'jobs'],
      ],
      ['shop.step', 'shop', 'jobs'],
    ],
    span_id: ['day', 'load', 'read', ...steps.map((at) => `step${at}`)],
    process: [0, 1, 2, ...steps.map(() => 3)],
    parent: [-1, 0, 1, ...steps.map(() => 0)],
    end: [13, 3, 3, ...steps.map((at) => at + 4)],
    depth: [0, 1, 2, ...steps.map(() => 1)],
    start: [0, 0, 100, ...steps.map((at) => 500 + at * 40)],
    duration: [1000, 400, 200, ...steps.map(() => 30)],
    self: [300, 200, 200, ...steps.map(() => 30)],
    flags: [2, 2 | 16, 1 | 2 | 32 | 64, ...steps.map((at) => (at === 2 ? 1 : at === 9 ? 4 | 8 : 0))],
    critical: [0, 0, 100, 2, 100, 300],
    events: Object.assign(Array(13).fill(null), { 2: [150] }),
  };
})();
let page;
let grid;
let asked;
let answers;
let copied;
let drawn;
const view = () => page.value('obsvTrace').view;
const shown = () => grid.shown().map((row) => row.i);
const text = (id) => page.byId(id).textContent;
const click = async (id) => {
  page.byId(id).click();
  await page.settle();
};
const load = async (about = {}) => {
  const given = await page.callbacks.traceLoad({ trace_id: 'ab', ...about });
  await page.settle();
  await page.clock.pass(60);
  return plain(given);
};
/** A cell's elements as text, with `[class]` where it has one. */
const flat = (given) => {
  if (given === null || given === undefined) return '';
  if (typeof given === 'string') return given;
  if (Array.isArray(given)) return given.map(flat).join('');
  const [, about, ...children] = given.all;
  return `<${about?.className ?? ''}>${flat(children)}`;
};
const cell = (name, i) => page.window.dashAgGridComponentFunctions[name]({ data: { i } });
const pieces = (given, kind) => {
  if (!given || typeof given === 'string') return [];
  if (Array.isArray(given)) return given.flatMap((each) => pieces(each, kind));
  const here = String(given.all[1]?.className ?? '')
    .split(' ')
    .includes(kind)
    ? [given.all[1]]
    : [];
  return [...here, ...pieces(given.all.slice(2), kind)];
};

// The tree has no width here: values beside the spans have a test of their own.
class ResizeObserver {
  observe() {}
  disconnect() {}
}

beforeEach(() => {
  asked = [];
  copied = [];
  drawn = [];
  answers = { 'traces/ab': TRACE, 'traces/ab/search': { span_id: ['step1', 'other'] } };
  grid = makeGrid({ key: (row) => row.i });
  grid.getSelectedRows = () => (grid.selected ? [grid.selected] : []);
  const given = (path, query) => {
    asked.push([path, query]);
    if (answers[path] instanceof Error) throw new page.window.Error(answers[path].message);
    return structuredClone(answers[path]);
  };
  const obsvApi = { json: async (path, query) => page.window.JSON.parse(JSON.stringify(given(path, query))) };
  obsvApi.text = async (path) => given(path);
  page = open(SCRIPTS, { html: HTML, url: 'http://localhost/trace/ab', globals: { obsvApi, ResizeObserver } });
  const { window } = page;
  window.dash_ag_grid = { getApi: () => grid, getApiAsync: async () => grid };
  window.navigator.clipboard = { writeText: async (said) => copied.push(said) };
  window.React = { createElement: (...all) => ({ all }), useState: () => [0, () => {}], useEffect: (act) => act() };
  const pen = new Proxy(
    {},
    {
      get: (_, name) => (name in _ ? _[name] : (...given) => drawn.push([name, ...given])),
      set: (target, name, value) => {
        target[name] = value;
        return true;
      },
    },
  );
  window.HTMLCanvasElement.prototype.getContext = () => pen;
  window.requestAnimationFrame = (act) => window.setTimeout(act, 0);
  window.cancelAnimationFrame = (which) => window.clearTimeout(which);
  Object.defineProperty(window.HTMLElement.prototype, 'clientWidth', { get: () => 1000 });
  Object.defineProperty(window.HTMLElement.prototype, 'clientHeight', { get: () => 200 });
  window.HTMLElement.prototype.getBoundingClientRect = () => ({ left: 0, top: 0, width: 1000, height: 200 });
  page.value('obsvAddress').moved();
});

test('a trace is loaded with equal siblings as one row, those that failed beside it', async () => {
  assert.equal(await page.callbacks.traceLoad(null), 'no update');
  assert.deepEqual(await load(), { spans: 13 });
  assert.deepEqual(shown(), [0, 1, 2, 3, 5]);
  assert.equal(page.document.title, 'shop.day · Trace · obsv');
  assert.match(text('trace-facts'), /Took1.00 µs.*Spans13Depth3Traceab/);
  assert.match(text('trace-facts'), /Clocktill −2.00 ms/);
  assert.equal(text('trace-error'), '2 errors');
  assert.equal(page.byId('trace-zoom-out').hidden, true);
});

test('a part of a very long trace says so', async () => {
  answers['traces/ab'] = { ...TRACE, total: 90000 };
  await load();
  assert.match(text('trace-facts'), /Spans13 of 90,000/);
});

test('a trace that cannot be read says why', async () => {
  answers['traces/ab'] = new Error('No trace <i>ab</i>.');
  const loaded = await load();
  assert.deepEqual(loaded, { failed: 'No trace <i>ab</i>.' });
  page.callbacks.traceState(loaded);
  assert.equal(page.byId('trace-state').hidden, false);
  assert.equal(text('trace-state'), 'No trace <i>ab</i>.');
  page.callbacks.traceState({ spans: 1 });
  assert.equal(page.byId('trace-state').hidden, true);
  assert.equal(page.byId('trace-body').classList.contains('loading'), false);
  page.press('e');
  await click('trace-fold');
});

test('the span of an address is unfolded to, selected and opened', async () => {
  await load({ span: 'step4' });
  assert.deepEqual(plain(asked[0]), ['traces/ab', { around: 'step4' }]);
  assert.ok(shown().includes(7));
  assert.equal(grid.visible.at(-1), 7);
  assert.deepEqual(plain(page.set.at(-1)), [
    'trace-grid-open',
    { data: { row: { i: 7, id: 'step4' }, n: 1, byKey: false } },
  ]);
});

test('rows fold alone, all at once, and unfold', async () => {
  await load();
  page.value('obsvTrace').toggle(1);
  assert.deepEqual(shown(), [0, 1, 3, 5]);
  page.value('obsvTrace').toggle(2);
  assert.equal(view().folded[2], 0, 'it has nothing below');
  await click('trace-unfold');
  assert.equal(shown().length, 13);
  page.value('obsvTrace').toggleGroup(3);
  assert.deepEqual(shown(), [0, 1, 2, 3, 5]);
  await click('trace-fold');
  assert.deepEqual(shown(), [0, 1, 3, 5]);
});

test('arrows fold and unfold the row in focus, or go to its caller and its calls', async () => {
  await load();
  const at = (row) => {
    grid.focused = { rowIndex: shown().indexOf(row), column: 'span' };
  };
  const press = (key) => page.press(key, page.byId('trace-grid'));
  at(1);
  press('ArrowLeft');
  assert.deepEqual(shown(), [0, 1, 3, 5]);
  press('ArrowRight');
  assert.deepEqual(shown(), [0, 1, 2, 3, 5]);
  press('ArrowRight');
  assert.equal(grid.visible.at(-1), 2);
  at(2);
  press('ArrowLeft');
  assert.equal(grid.visible.at(-1), 1);
  at(3);
  press('ArrowRight');
  assert.equal(shown().length, 13);
  at(3);
  press('ArrowLeft');
  assert.deepEqual(shown(), [0, 1, 2, 3, 5]);
});

test('the errors are visited in order of time, round and round, also where they are folded away', async () => {
  await load();
  await click('trace-fold');
  page.press('e');
  assert.equal(grid.visible.at(-1), 2);
  assert.ok(shown().includes(2));
  await click('trace-error');
  assert.equal(grid.visible.at(-1), 5);
  page.press('e');
  assert.equal(grid.visible.at(-1), 2);
  page.press('e', page.byId('trace-search'));
  assert.equal(grid.visible.at(-1), 2, 'in a field it is text');
});

test('a search finds names here and values at the server; keys step through', async () => {
  await load();
  page.byId('trace-search').value = 'read';
  page.callbacks.traceSearch(' read ');
  await page.settle();
  assert.deepEqual(plain(asked.at(-1)), ['traces/ab/search', { q: 'read' }]);
  assert.equal(page.window.location.search, '?q=read');
  assert.deepEqual([...view().hits], [2, 4]);
  assert.equal(text('trace-found'), '1 of 2');
  page.press('n');
  assert.equal(text('trace-found'), '2 of 2');
  assert.ok(shown().includes(4));
  page.press('Enter', page.byId('trace-search'), { shiftKey: true });
  assert.equal(text('trace-found'), '1 of 2');
  await click('trace-previous');
  assert.equal(text('trace-found'), '2 of 2');
  await click('trace-next');
  assert.equal(text('trace-found'), '1 of 2');
  page.byId('trace-search').value = '';
  page.callbacks.traceSearch('');
  await page.settle();
  assert.equal(text('trace-found'), '');
  assert.equal(page.window.location.search, '');
});

test('a search that the server refuses still finds names, and says so', async () => {
  await load();
  answers['traces/ab/search'] = new Error('no');
  page.byId('trace-search').value = 'load';
  page.callbacks.traceSearch('load');
  await page.settle();
  assert.deepEqual([...view().hits], [1]);
  assert.ok(page.set.some(([id, props]) => id === 'notice' && props.data.kind === 'err'));
});

test('a text of an address is searched at once', async () => {
  await load({ q: 'load' });
  assert.deepEqual(plain(asked.at(-1)[1]), { q: 'load' });
});

test('only the critical path, and back; what leads elsewhere ends it', async () => {
  await load();
  await click('trace-only-path');
  assert.deepEqual(shown(), [0, 1, 2]);
  assert.equal(page.byId('trace-only-path').getAttribute('aria-pressed'), 'true');
  await click('trace-only-path');
  assert.deepEqual(shown(), [0, 1, 2, 3, 5]);
  await click('trace-only-path');
  page.press('e');
  page.press('e');
  assert.equal(grid.visible.at(-1), 5);
  assert.equal(page.byId('trace-only-path').getAttribute('aria-pressed'), 'false');
});

test('the panel opens with its span in the address, closes, and Back closes it', async () => {
  await load();
  assert.equal(page.callbacks.tracePanel(null), 'no update');
  page.callbacks.tracePanel({ row: { i: 1, id: 'load' } });
  assert.ok(page.byId('trace-body').classList.contains('with-panel'));
  assert.equal(page.window.location.search, '?span=load');
  const length = page.window.history.length;
  page.callbacks.tracePanel({ row: { i: 2, id: 'read' } });
  assert.equal(page.window.history.length, length, 'from one to the next is one step back');
  page.window.history.replaceState(null, '', '/trace/ab');
  page.value('obsvAddress').moved();
  assert.equal(page.byId('trace-body').classList.contains('with-panel'), false);
  page.window.history.replaceState(null, '', '/trace/ab?span=load');
  page.value('obsvAddress').moved();
  assert.equal(grid.visible.at(-1), 1);
  grid.focused = { rowIndex: 1, column: 'span' };
  const [cellBefore] = [grid.focused];
  page.byId('trace-panel').append(page.byId('trace-panel-close'));
  page.byId('trace-panel-close').focus();
  await click('trace-panel-close');
  assert.notEqual(grid.focused, cellBefore);
  assert.equal(page.byId('trace-body').classList.contains('with-panel'), false);
});

test('an answer that comes after somebody has left the page opens nothing', async () => {
  await load();
  page.window.history.replaceState(null, '', '/explorer');
  assert.equal(page.callbacks.tracePanel({ row: { i: 1, id: 'load' } }), 'no update');
  assert.equal(page.byId('trace-body').classList.contains('with-panel'), false);
});

test('Enter leads into the panel', async () => {
  await load();
  const old = page.byId('trace-panel-close');
  page.callbacks.tracePanel({ row: { i: 1, id: 'load' }, byKey: true });
  assert.notEqual(page.document.activeElement, old);
  old.replaceWith(old.cloneNode(true));
  await page.settle();
  assert.equal(page.document.activeElement.id, 'trace-panel-close');
});

test('the trace is copied as Markdown and as OTLP, or the failure is told', async () => {
  await load();
  answers['traces/ab/markdown'] = '# shop.day';
  await click('trace-copy-markdown');
  await page.settle();
  assert.deepEqual(copied, ['# shop.day']);
  assert.equal(page.set.at(-1)[1].data.text, 'Markdown copied');
  answers['traces/ab/otlp'] = new Error('gone');
  await click('trace-copy-otlp');
  await page.settle();
  assert.equal(page.set.at(-1)[1].data.kind, 'err');
});

test('a row says its name, level, service, errors, missing caller and how many are folded', async () => {
  await load();
  page.value('obsvTrace').toggle(1);
  assert.match(flat(cell('TraceName', 1)), /level 2, shop.*<tn-own>load<tn-module>shop.*\+1$/);
  assert.match(flat(cell('TraceName', 2)), /tn-own tn-err>read.*badge badge-err>ERR/);
  assert.match(flat(cell('TraceName', 3)), /tn-group>× 10, one failed/);
  assert.match(flat(cell('TraceName', 12)), /caller missing.*circle/);
  const stop = { stopPropagation: () => {} };
  pieces(cell('TraceName', 1), 'tn-toggle')[0].onClick(stop);
  assert.equal(view().folded[1], 0);
  pieces(cell('TraceName', 3), 'tn-group')[0].onClick(stop);
  assert.equal(shown().length, 13);
});

test('a bar stands at its time, within the zoom, with its critical parts and events', async () => {
  await load();
  assert.deepEqual(plain(pieces(cell('TraceBar', 1), 'tb-bar')[0].style), {
    left: '0%',
    width: '40%',
    '--c': 'var(--series-0)',
  });
  assert.equal(pieces(cell('TraceBar', 2), 'tb-err').length, 1);
  assert.deepEqual(plain(pieces(cell('TraceBar', 2), 'tb-critical')[0].style), { left: '10%', width: '20%' });
  assert.deepEqual(plain(pieces(cell('TraceBar', 2), 'tb-event')[0].style), { left: '15%' });
  assert.deepEqual(plain(pieces(cell('TraceBar', 3), 'tb-group')[0].style.left), '50%');
  const title = cell('TraceBar', 2).all[1].title;
  assert.equal(title, 'starts at 100 ns\ntook 200 ns, of it 200 ns itself\non the critical path\n1 event\nhas links');
  assert.match(cell('TraceBar', 1).all[1].title, /moved: the clock of this service differs/);
  page.value('obsvMap').setZoom(0, 90);
  assert.equal(pieces(cell('TraceBar', 2), 'tb-bar').length, 0);
  assert.match(flat(page.window.dashAgGridComponentFunctions.TraceAxis()), /0.*20/);
});

test('the text columns: time, own time, own time that does not matter', async () => {
  await load();
  const { traceIsShort, traceSelf, traceTook } = page.window.dashAgGridFunctions;
  const row = (i) => ({ data: { i } });
  assert.deepEqual([traceTook(row(1)), traceSelf(row(1))], ['400 ns', '200 ns']);
  view().data.self[4] = 5;
  assert.deepEqual([traceIsShort(row(1)), traceIsShort(row(4))], [false, true]);
});

test('the map is dragged to zoom, and a double click or its button shows all again', async () => {
  await load();
  const map = page.byId('trace-map');
  const point = (kind, clientX) =>
    map.dispatchEvent(new page.window.MouseEvent(kind, { bubbles: true, cancelable: true, clientX }));
  point('pointermove', 300);
  assert.deepEqual(plain(view().zoom), [0, 1000], 'nothing is held');
  point('pointerdown', 600);
  point('pointermove', 200);
  point('pointerup', 200);
  point('pointermove', 900);
  assert.deepEqual(plain(view().zoom), [200, 600]);
  assert.equal(page.byId('trace-map-window').style.left, '20%');
  assert.equal(page.byId('trace-map-window').style.width, '40%');
  assert.equal(page.byId('trace-zoom-out').hidden, false);
  point('dblclick', 1);
  assert.deepEqual(plain(view().zoom), [0, 1000]);
  page.value('obsvMap').setZoom(5, 5.5);
  assert.deepEqual(plain(view().zoom), [0, 1000], 'less than can be shown');
  point('pointerdown', 0);
  point('pointermove', 500);
  await click('trace-zoom-out');
  assert.deepEqual(plain(view().zoom), [0, 1000]);
});

test('the map draws every span once and failed ones again', async () => {
  await load();
  const boxes = drawn.filter(([name]) => name === 'fillRect').map(([, ...box]) => box);
  assert.equal(boxes.length, 13 + 2 + 2);
  assert.deepEqual(boxes[1].slice(0, 1).concat(boxes[1][2]), [0, 400]);
});

test('the flame graph is a switch, in the address, and Back undoes it', async () => {
  await load();
  await click('trace-flame-switch');
  assert.equal(page.window.location.search, '?view=flame');
  assert.equal(page.byId('trace-flame-switch').getAttribute('aria-pressed'), 'true');
  assert.equal(page.document.activeElement.id, 'trace-flame');
  page.window.history.replaceState(null, '', '/trace/ab');
  page.value('obsvAddress').moved();
  assert.equal(page.byId('trace-body').classList.contains('with-flame'), false);
});

test('arrows walk the flame graph, Enter opens, z zooms and its capital goes out', async () => {
  await load();
  page.press('f');
  const press = (key) => page.press(key, page.byId('trace-flame'));
  press('ArrowDown');
  assert.match(text('trace-flame-said'), /^shop.day · took 1.00 µs \(100 % of the trace\)/);
  press('ArrowDown');
  assert.match(text('trace-flame-said'), /^shop.load/);
  press('ArrowRight');
  assert.match(text('trace-flame-said'), /^shop.step · 9 calls · took 270 ns/);
  press('z');
  assert.equal(page.window.location.search, '?view=flame&zoom=step0');
  assert.equal(page.byId('trace-flame-in').disabled, true);
  page.byId('trace-flame-out').click();
  page.byId('trace-flame-in').click();
  press('Z');
  assert.equal(page.window.location.search, '?view=flame&zoom=day');
  press('0');
  assert.equal(page.window.location.search, '?view=flame');
  press('Enter');
  assert.equal(page.set.at(-1)[0], 'trace-grid-open');
  assert.equal(page.set.at(-1)[1].data.byKey, true);
});

test('keys in a dialog and arrows in the panel are not for the flame graph', async () => {
  await load();
  const dialog = page.document.createElement('dialog');
  page.document.body.append(dialog);
  page.press('f', dialog);
  assert.equal(page.window.location.search, '');
  page.press('f');
  page.press('ArrowDown', page.byId('trace-panel'));
  assert.equal(page.document.activeElement.id, 'trace-flame');
  assert.doesNotMatch(text('trace-flame-said'), /shop.day/);
  page.press('ArrowDown', page.byId('trace-flame'));
  assert.match(text('trace-flame-said'), /^shop.day/);
});

test('a click in the flame graph selects, a double click zooms, the pointer is told what is there', async () => {
  await load();
  page.press('f');
  await page.clock.pass(10);
  const flame = page.byId('trace-flame');
  const point = (kind, clientX, clientY) =>
    flame.dispatchEvent(new page.window.MouseEvent(kind, { bubbles: true, cancelable: true, clientX, clientY }));
  point('pointermove', 10, 5);
  assert.match(flame.title, /^shop.day/);
  point('click', 10, 25);
  assert.equal(grid.selected.i, 1);
  point('dblclick', 10, 25);
  assert.equal(page.window.location.search.includes('zoom=load'), true);
  point('pointermove', 990, 190);
  assert.equal(flame.title, '');
});
