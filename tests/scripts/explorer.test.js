// The explorer: pages, live rows, the way back, what is told, filters in the address.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { makeGrid } from './grid.js';
import { plain } from './load.js';
import { open } from './page.js';

const HTML = `<button id="explorer-live"><i class="icon"></i><span>Live</span></button><span id="explorer-live-note"></span>
  <div id="explorer-grid"></div><div id="explorer-overlay" hidden></div><span id="explorer-status"></span>
  <details class="menu" open><summary>Export</summary></details><div id="explorer-detail"></div>
  <a class="relative" data-call="t9.s9" href="/near">near</a>`;
const SCRIPTS = [
  ...['shell/root.js', 'components/dom.js', 'components/format.js', 'shell/address.js', 'controls/grid.js'],
  ...['controls/live.js', 'explorer/rows.js', 'explorer/explorer.js'],
];
const call = (id, values = ['price']) => ({
  ...{ id, cursor: `c${id}`, ts: String(id).padStart(6, '0'), duration_ns: 1, process: 'shop.sell', status: 'OK' },
  ...{ exception: null, trace_id: `t${id}`, span_id: `s${id}` },
  values: values.map((name) => ({ name, data_type: 'float', text: '1.5' })),
});
let page;
let grid;
let asked;
let answers;
const keys = () => grid.rows.map((row) => row.key);
const text = (id) => page.byId(id).textContent;
const failing = (message) => () => {
  throw new page.window.Error(message);
};
const load = async (filters = {}) => {
  const { q = '', group = null, process = null, variable = null, status = '', min = '', max = '' } = filters;
  const { service = null, host = null, instance = null } = filters;
  const origins = [service, host, instance];
  await page.callbacks.explorerLoad(q, group, process, variable, status, min, max, ...origins, { range: '1h' });
  await page.settle();
};
const settled = async (act) => {
  const given = act();
  await page.settle();
  return given;
};
const begin = (url = 'http://localhost/explorer') => {
  asked = [];
  answers = { 'calls/tail': [{ calls: [], last_id: 3, more: false }], calls: [{ calls: [], cursor: null }] };
  grid = makeGrid();
  const json = async (path, query) => {
    asked.push([path, query]);
    const answer = answers[path].length > 1 ? answers[path].shift() : answers[path][0];
    return typeof answer === 'function' ? answer() : answer;
  };
  const address = (path, query) => `/api/v1/${path}?${new URLSearchParams(query)}`;
  page = open(SCRIPTS, { html: HTML, url, globals: { obsvApi: { address, json } } });
  page.window.dash_ag_grid = { getApi: () => grid, getApiAsync: async () => grid };
  page.value('obsvAddress').moved();
};

beforeEach(() => begin());

test('a load reads the place of the tail first, then one page', async () => {
  answers.calls = [{ calls: [call(3, ['price', 'size']), call(2)], cursor: 'x' }];
  grid.last = -1;
  answers.calls[0].cursor = null;
  await load({ q: 'price>1', status: 'ERR' });
  assert.deepEqual(
    asked.map(([path]) => path),
    ['calls/tail', 'calls'],
  );
  assert.deepEqual(plain(asked[1][1]), {
    ...{ where: 'price>1', q: null, group: null, process: null, variable: null, status: 'ERR', min_ms: '', max_ms: '' },
    ...{ service: null, host: null, instance: null, range: '1h', order: '-ts', limit: 100, chars: 400 },
  });
  assert.deepEqual(keys(), ['3:0', '3:1', '2:0']);
  assert.match(text('explorer-status'), /^2 calls, 3 rows · that is all · \d+ ms$/);
  assert.equal(page.window.location.search, '?where=price%3E1&status=ERR');
});

test('the next page comes when the view nears the end, and not before', async () => {
  const many = Array.from({ length: 100 }, (_, at) => call(500 - at));
  answers.calls = [
    { calls: many, cursor: 'x' },
    { calls: [call(5)], cursor: null },
  ];
  await load();
  await settled(() => grid.emit('bodyScroll'));
  assert.equal(keys().length, 100);
  grid.last = 30;
  await settled(() => grid.emit('bodyScroll'));
  assert.equal(keys().at(-1), '5:0');
  assert.equal(asked.at(-1)[1].cursor, 'x');
  const count = asked.length;
  await settled(() => grid.emit('bodyScroll'));
  assert.equal(asked.length, count);
});

test('a call that two pages share comes once, and a page of nothing new is passed', async () => {
  answers.calls = [
    { calls: [call(3)], cursor: 'x' },
    { calls: [call(3)], cursor: 'y' },
    { calls: [call(2)], cursor: null },
  ];
  await load();
  await page.settle();
  assert.deepEqual(keys(), ['3:0', '2:0']);
  assert.deepEqual(
    asked.slice(2).map(([, query]) => query.cursor),
    ['x', 'y'],
  );
});

test('a page that cannot be read leaves what is there', async () => {
  answers.calls = [{ calls: [call(3)], cursor: 'x' }, failing('busy.')];
  await load();
  assert.deepEqual(keys(), ['3:0']);
  assert.equal(text('explorer-status'), 'Could not read on: busy. Scroll to try again.');
});

test('nothing found and a failure are told in words, as text', async () => {
  await load();
  assert.match(text('explorer-overlay'), /^No calls/);
  answers.calls = [{ calls: [call(3)], cursor: null }, failing('<b>no</b>')];
  await load({ q: 'a' });
  assert.equal(page.byId('explorer-overlay').hidden, true);
  await load({ q: 'b' });
  assert.deepEqual(keys(), []);
  assert.match(text('explorer-overlay'), /Could not read the calls<b>no<\/b>/);
  assert.ok(page.byId('explorer-overlay').classList.contains('state-err'));
  assert.equal(text('explorer-status'), '');
});

test('an answer to an earlier question is dropped, a late failure too', async () => {
  let late;
  const promised = () =>
    new Promise((_, reject) => {
      late = reject;
    });
  answers.calls = [promised, { calls: [call(9)], cursor: null }];
  await load({ q: 'first' });
  await load({ q: 'second' });
  late(new page.window.Error('late'));
  await page.settle();
  assert.deepEqual(keys(), ['9:0']);
  assert.equal(page.byId('explorer-overlay').hidden, true);
});

test('live calls go above; the place and the note follow', async () => {
  answers.calls = [{ calls: [call(3)], cursor: null }];
  await load();
  answers['calls/tail'] = [{ calls: [call(5), call(4)], last_id: 5, more: true }, failing('gone')];
  assert.equal(await settled(() => page.callbacks.explorerLive(1)), 'true');
  assert.deepEqual(keys(), ['5:0', '4:0', '3:0']);
  assert.equal(asked.at(-1)[1].after, 3);
  assert.equal(text('explorer-live-note'), 'faster than can be shown: newest only');
  await settled(() => page.callbacks.explorerTail());
  assert.equal(asked.at(-1)[1].after, 5);
  assert.equal(text('explorer-live-note'), 'gone');
  assert.equal(await settled(() => page.callbacks.explorerLive(2)), 'false');
  assert.equal(text('explorer-live-note'), '');
  const count = asked.length;
  await settled(() => page.callbacks.explorerTail());
  assert.equal(asked.length, count);
});

test('live lets whole calls go at the end and reads on from there', async () => {
  answers.calls = [{ calls: [call(1, ['a', 'b', 'c'])], cursor: null }];
  await load();
  const many = Array.from({ length: 2500 }, (_, at) => call(5000 - at, ['a', 'b']));
  answers['calls/tail'] = [
    { calls: many, last_id: 5000, more: false },
    { calls: [call(5001)], last_id: 5001, more: false },
  ];
  await settled(() => page.callbacks.explorerLive(1));
  await settled(() => page.callbacks.explorerTail());
  assert.equal(keys().length, 3999);
  assert.equal(keys().at(-1), '3002:1');
  assert.match(text('explorer-status'), /^2,000 calls, 3,999 rows · scroll for more/);
  grid.last = 3998;
  await settled(() => grid.emit('bodyScroll'));
  assert.equal(asked.at(-1)[1].cursor, 'c3001');
});

test('live asks for the newest first', async () => {
  begin('http://localhost/explorer?sort=duration');
  await load();
  assert.equal(asked.at(-1)[1].order, 'duration');
  await settled(() => page.callbacks.explorerLive(1));
  assert.equal(asked.find(([path], at) => at > 1 && path === 'calls')[1].order, '-ts');
});

test('an address that is live begins so', async () => {
  begin('http://localhost/explorer?live=1');
  await load();
  assert.equal(page.byId('explorer-live').getAttribute('aria-pressed'), 'true');
});

test('an order that is chosen in the grid stands in the address; none is the newest first', async () => {
  await load();
  grid.state = [{ colId: 'duration_ns', sort: 'asc' }];
  await settled(() => grid.emit('sortChanged', { source: 'api' }));
  assert.equal(page.window.location.search, '');
  await settled(() => grid.emit('sortChanged', { source: 'ui' }));
  assert.equal(page.window.location.search, '?sort=duration');
  assert.equal(asked.at(-1)[1].order, 'duration');
  grid.state = [];
  await settled(() => grid.emit('sortChanged', { source: 'ui' }));
  assert.equal(page.window.location.search, '');
  assert.deepEqual(plain(grid.columns.at(-1)), { colId: 'ts', sort: 'desc' });
});

test('widths that somebody has chosen stand in the address and come back', async () => {
  await load();
  const column = { getColId: () => 'process', getActualWidth: () => 320.4 };
  grid.emit('columnResized', { finished: true, source: 'autosizeColumns', column });
  assert.equal(page.window.location.search, '');
  grid.emit('columnResized', { finished: true, source: 'uiColumnResized', column });
  assert.equal(page.window.location.search, '?cols=process%3A320');
  begin('http://localhost/explorer?cols=process:320');
  await load();
  assert.deepEqual(plain(grid.columns[0]), { colId: 'process', width: 320, flex: null });
});

test('who comes back finds the row that was at the top', async () => {
  answers.calls = [
    { calls: [call(3)], cursor: 'x' },
    { calls: [call(2)], cursor: 'y' },
    { calls: [call(1)], cursor: 'z' },
  ];
  page.window.history.replaceState({ row: '2:0' }, '');
  await load();
  await page.settle();
  await page.clock.pass(60);
  assert.deepEqual(keys(), ['3:0', '2:0']);
  assert.equal(grid.visible.at(-1), '2:0');
});

test('the row at the top is kept for the way back; a grid that is gone is not asked', async () => {
  answers.calls = [{ calls: [call(3), call(2)], cursor: null }];
  await load();
  grid.top = 30;
  grid.emit('bodyScrollEnd');
  assert.equal(page.window.history.state.row, '2:0');
  grid.top = 0;
  grid.destroyed = true;
  grid.emit('bodyScrollEnd');
  assert.equal(page.window.history.state.row, '2:0');
  grid.destroyed = false;
  grid.emit('bodyScrollEnd');
  assert.equal(page.window.history.state.row, null);
});

test('a row is a call where columns are chosen', async () => {
  begin('http://localhost/explorer?rows=calls&columns=price');
  answers.calls = [{ calls: [call(3, ['price', 'size'])], cursor: null }];
  await load();
  assert.deepEqual(plain(grid.rows[0].named), ['1.5']);
  assert.equal(grid.rows.length, 1);
});

test('another shape of the rows makes the page again, the same one does not', () => {
  assert.equal(page.callbacks.explorerShape('values', []), 'no update');
  assert.deepEqual(page.set, []);
  page.callbacks.explorerShape('calls', ['price', 'size']);
  assert.deepEqual(plain(page.set.at(-1)), ['location', { href: '/explorer?rows=calls&columns=price%2Csize' }]);
});

test('names are asked for once the keys rest, and the chosen one stays among them', async () => {
  answers.variables = [['price', 'size']];
  page.callbacks.explorerVariables('p', 'shop.sell', null);
  const found = page.callbacks.explorerVariables('pr', 'shop.sell', 'kept');
  await page.clock.pass(300);
  assert.deepEqual(plain(await found), ['kept', 'price', 'size']);
  assert.deepEqual(plain(asked), [['variables', { part: 'pr', process: 'shop.sell' }]]);
  answers.processes = [failing('no')];
  const none = page.callbacks.explorerProcesses('kept', null, 'kept');
  await page.clock.pass(300);
  assert.equal(await none, 'no update');
  assert.equal(asked.at(-1)[1].part, '');
});

test('rows of a service, a host and an instance are asked for, and stand in the address', async () => {
  begin();
  await load({ service: 'shop', host: 'web-1', instance: 'a' });
  const { service, host, instance } = asked.at(-1)[1];
  assert.deepEqual([service, host, instance], ['shop', 'web-1', 'a']);
  assert.match(page.window.location.search, /service=shop&host=web-1&instance=a/);
});

test('clear takes every filter, a page that is new none', () => {
  assert.deepEqual(plain(page.callbacks.explorerClear(1)), ['', null, null, null, '', '', '', null, null, null]);
  assert.equal(page.callbacks.explorerClear(0)[9], 'no update');
  assert.equal(page.callbacks.explorerLive(0), 'no update');
});

test('an export asks for the same question', async () => {
  await load({ q: 'x' });
  let href = null;
  page.document.addEventListener('click', (event) => {
    if (!event.target.download && event.target.download !== '') return;
    href = event.target.getAttribute('href');
    event.preventDefault();
  });
  assert.equal(page.callbacks.explorerExportCsv(0), 'no update');
  assert.equal(page.callbacks.explorerExportJsonl(1), '1');
  assert.match(href, /export\?format=jsonl&order=-ts&where=x&/);
  page.callbacks.explorerExportCsv(2);
  assert.match(href, /format=csv/);
  assert.equal(page.document.querySelector('a[download]'), null);
});

test('a call opens by click and by key; from one to the next is one step back', () => {
  const before = page.window.history.length;
  assert.equal(page.callbacks.explorerOpen(null), 'no update');
  const row = { trace_id: 't1', span_id: 's1' };
  assert.deepEqual(plain(page.callbacks.explorerOpen({ row })), row);
  assert.equal(page.window.location.search, '?call=t1.s1');
  page.document.querySelector('a.relative').click();
  assert.equal(page.window.location.search, '?call=t9.s9');
  assert.deepEqual(plain(page.set.at(-1)), ['explorer-call', { data: { trace_id: 't9', span_id: 's9' } }]);
  assert.equal(page.window.history.length, before + 1);
});

test('Enter leads into the call, and closing back to its row', async () => {
  page.callbacks.explorerOpen({ row: { trace_id: 't1', span_id: 's1' }, byKey: true });
  page.byId('explorer-detail').innerHTML = '<article tabindex="-1">call</article>';
  await page.settle();
  assert.equal(page.document.activeElement.tagName, 'ARTICLE');
  grid.focused = { rowIndex: 4, column: 'process' };
  const cell = grid.focused;
  page.callbacks.explorerClosed(false);
  assert.notEqual(grid.focused, cell);
  assert.deepEqual(grid.focused, { rowIndex: 4, column: 'process' });
});

test('Back closes the drawer, or opens the call of the address', () => {
  const undo = (search) => {
    page.window.history.replaceState(null, '', `/explorer${search}`);
    page.value('obsvAddress').moved();
  };
  page.callbacks.explorerOpen({ row: { trace_id: 't1', span_id: 's1' } });
  undo('');
  assert.deepEqual(plain(page.set.at(-1)), ['explorer-drawer', { opened: false }]);
  undo('?call=t2.s2');
  assert.deepEqual(plain(page.set.at(-1)), ['explorer-call', { data: { trace_id: 't2', span_id: 's2' } }]);
});

test('the menu of exports goes by Escape and by a click beside it', () => {
  const menu = page.document.querySelector('details.menu');
  page.document
    .querySelector('summary')
    .dispatchEvent(new page.window.MouseEvent('click', { bubbles: true, cancelable: true }));
  menu.open = true;
  page.press('Escape');
  assert.equal(menu.open, false);
  assert.equal(page.document.activeElement.tagName, 'SUMMARY');
  menu.open = true;
  page.byId('explorer-status').click();
  assert.equal(menu.open, false);
});
