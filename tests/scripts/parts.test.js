// Small parts: what copies, marks and sorts; charts that are pointed at; grids; the head; libraries that come later.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeGrid } from './grid.js';
import { plain } from './load.js';
import { open } from './page.js';

const BASE = ['shell/root.js', 'components/dom.js', 'components/format.js', 'shell/address.js'];

test('a value is copied, and its button says so for a moment', async () => {
  const page = open([...BASE, 'components/values.js'], { html: '<button data-copied="&lt;1&gt;">JSON</button>' });
  const copied = [];
  page.window.navigator.clipboard = { writeText: async (text) => copied.push(text) };
  const button = page.document.querySelector('button');
  button.click();
  await page.settle();
  assert.deepEqual(copied, ['<1>']);
  assert.equal(button.textContent, 'copied');
  await page.clock.pass(900);
  assert.equal(button.textContent, 'JSON');
});

test('the first call is marked, the next one is compared with it', () => {
  const html = '<button data-marked="a.b">1</button><button data-marked="c.d">2</button>';
  const page = open([...BASE, 'controls/mark.js'], { html });
  const [one, other] = page.document.querySelectorAll('button');
  one.click();
  one.click();
  assert.ok(page.set.every(([id]) => id === 'notice'));
  other.click();
  assert.deepEqual(plain(page.set.at(-1)), ['location', { href: '/compare?trace=c&span=d&other=a.b' }]);
  other.click();
  assert.equal(page.set.at(-1)[0], 'notice', 'the pair is used up');
});

const ROW = (name, group, calls) =>
  `<tr><td data-by="${name}">${name}</td><td data-by="${group}">${group}</td><td data-by="${calls}">${calls}</td></tr>`;
const LIST = `<input id="code-filter"><span id="code-count"></span><table id="code-list"><thead><tr>
  <th><button class="sort" data-first="ascending">Function</button></th><th>Group</th>
  <th><button class="sort">Calls</button></th></tr></thead>
  <tbody>${ROW('b.two', 'jobs', 9)}${ROW('a.one', 'jobs', 10)}${ROW('c.three', 'web', 2)}</tbody></table>`;

test('the list of functions is sorted by a heading, numbers as numbers, and the other way by the next click', () => {
  const page = open([...BASE, 'code/code.js'], { html: LIST });
  const [name, calls] = page.document.querySelectorAll('button.sort');
  const order = () => Array.from(page.document.querySelectorAll('tbody tr'), (row) => row.cells[0].textContent);
  name.click();
  assert.deepEqual(order(), ['a.one', 'b.two', 'c.three']);
  calls.click();
  assert.deepEqual(order(), ['a.one', 'b.two', 'c.three']);
  assert.equal(page.document.querySelectorAll('[aria-sort]').length, 1);
  calls.click();
  assert.deepEqual(order(), ['c.three', 'b.two', 'a.one']);
});

test('the list of functions is filtered by name and group, and counts', () => {
  const page = open([...BASE, 'code/code.js'], { html: LIST });
  const field = page.byId('code-filter');
  field.value = ' JOBS';
  field.dispatchEvent(new page.window.Event('input', { bubbles: true }));
  const hidden = Array.from(page.document.querySelectorAll('tbody tr'), (row) => row.hidden);
  assert.deepEqual(hidden, [false, false, true]);
  assert.equal(page.byId('code-count').textContent, '2 of 3 functions');
});

const pointed = (meta) => {
  const html = '<div class="js-plotly-plot"><i></i></div>';
  const page = open([...BASE, 'charts/chart.js'], { html, url: 'http://localhost/?range=1h' });
  page.value('obsvAddress').moved();
  const graph = page.document.querySelector('.js-plotly-plot');
  const acts = {};
  Object.assign(graph, {
    layout: { meta },
    on: (kind, act) => {
      acts[kind] = act;
    },
  });
  for (const kind of ['pointerover', 'pointerdown'])
    graph.firstChild.dispatchEvent(new page.window.Event(kind, { bubbles: true }));
  return { acts, page };
};

test('a bar of a time chart, and a part that is dragged over, become the time', () => {
  const { acts, page } = pointed({ step_ms: 60_000 });
  acts.plotly_click({ points: [{ x: '2026-09-21 10:00:00', data: {} }] });
  assert.match(page.set.at(-1)[1].href, /^\/\?from=2026-09-21T.*&to=2026-09-21T/);
  const count = page.set.length;
  acts.plotly_relayout({ 'xaxis.autorange': true });
  acts.plotly_click({ points: [{ x: 'soon', data: {} }] });
  assert.equal(page.set.length, count);
  acts.plotly_relayout({ 'xaxis.range[0]': '2026-09-21 10:00:00', 'xaxis.range[1]': '2026-09-21 10:05:00' });
  assert.equal(page.set.length, count + 1);
});

test('a bar of durations opens its calls; any other chart does nothing', () => {
  const { acts, page } = pointed(undefined);
  acts.plotly_click({ points: [{ x: 1, data: {} }] });
  assert.deepEqual(page.set, []);
  acts.plotly_click({ points: [{ customdata: ['1 ms', 1, 2], data: { meta: { calls: { process: 'f' } } } }] });
  assert.equal(page.set.at(-1)[1].href, '/explorer?process=f&min_ms=1&max_ms=2');
});

test('a row that is opened lands in the store of its grid, unless text is being selected', () => {
  const html = '<div class="grid-frame"><div class="grid" id="calls-grid"></div></div>';
  const page = open([...BASE, 'controls/grid.js'], { html });
  const grid = makeGrid();
  page.window.dash_ag_grid = {
    getApi: (id) => {
      if (id !== 'calls-grid') throw new Error('not drawn yet');
      return grid;
    },
  };
  const { api, openRow, shown } = page.value('obsvGrid');
  assert.equal(shown(), grid);
  assert.equal(api('other'), null);
  openRow({ api: grid, data: { id: 1 } });
  assert.deepEqual(plain(page.set.at(-1)), ['calls-grid-open', { data: { row: { id: 1 }, n: 1, byKey: false } }]);
  page.window.getSelection = () => 'some text';
  openRow({ api: grid, data: { id: 2 } });
  openRow({ api: grid });
  openRow({ api: makeGrid(), data: { id: 2 } });
  assert.equal(page.set.length, 1);
  openRow({ api: grid, data: { id: 2 } }, true);
  assert.equal(page.set.at(-1)[1].data.n, 2);
});

test('cells: times, first lines, values by their place, names from their end', () => {
  const page = open([...BASE, 'controls/grid.js'], {
    globals: { React: { createElement: (...all) => all } },
  });
  const { firstLine, keepOrder, utcTime, valueAt } = page.window.dashAgGridFunctions;
  assert.deepEqual([utcTime('2026-11-20 10:00:00'), utcTime(null)], ['2026-11-20 10:00:00 UTC', '']);
  assert.deepEqual([firstLine('a\nb'), firstLine(null)], ['a', '']);
  assert.deepEqual([valueAt({ data: { named: ['x', 'y'] } }, 1), valueAt({}, 0)], ['y', '']);
  assert.equal(keepOrder(), 0);
  const cell = page.window.dashAgGridComponentFunctions.FromItsEnd({ value: '<b>' });
  assert.deepEqual(plain(cell), ['bdi', { dir: 'ltr' }, '<b>']);
});

test('the head sets the theme that was kept and says the time zone', () => {
  const page = open([], { root: '/obsv', url: 'http://localhost/obsv/' });
  page.window.localStorage.setItem('theme', '"light"');
  page.run('shell/boot.js');
  assert.equal(page.document.documentElement.dataset.theme, 'light');
  assert.deepEqual(plain(page.window.dash_clientside), { obsv: {} });
  assert.match(page.document.cookie, /^obsv_tz=\w+/);
});

test('without storage, or with nonsense in it, the theme is dark', () => {
  const page = open([]);
  page.window.localStorage.setItem('theme', '{');
  page.run('shell/boot.js');
  assert.equal(page.document.documentElement.dataset.theme, 'dark');
  assert.equal(page.document.documentElement.dataset.mantineColorScheme, 'dark');
});

test('another page waits for the libraries that come later, whether they come or not', async () => {
  const page = open([...BASE, 'shell/later.js'], { url: 'http://localhost/' });
  for (const href of ['/a.js', '/b.js']) {
    page.document.head.innerHTML += `<link data-later href="${href}">`;
  }
  const { ask } = page.callbacks;
  assert.deepEqual(plain(await ask('/', '?range=1h')), { pathname: '/', search: '?range=1h' });
  assert.equal(await ask('/', ''), 'no update', 'the address is the same');
  page.window.history.replaceState(null, '', '/flow');
  let given = null;
  const asked = ask('/flow', '').then((answer) => {
    given = plain(answer);
  });
  await page.settle();
  const scripts = Array.from(page.document.querySelectorAll('head script'));
  assert.deepEqual(
    scripts.map((script) => script.getAttribute('src')),
    ['http://localhost/a.js', 'http://localhost/b.js'],
  );
  assert.equal(given, null);
  scripts[0].onload();
  scripts[1].onerror();
  await asked;
  assert.deepEqual(given, { pathname: '/flow', search: '' });
  page.window.history.replaceState(null, '', '/code');
  await ask('/code', '');
  assert.equal(page.document.querySelectorAll('head script').length, 2);
});

test('a long graph of artifacts begins at that of its page, also when another is still there', async () => {
  const node = (name) => `<a class="lineage-node here" href="/registry/${name}">1</a>`;
  const html = `<div class="lineage-frame">${node('ab')}</div><div class="lineage-frame">${node('cd')}</div>`;
  const page = open([...BASE, 'registry/lineage.js'], { html });
  const [old, frame] = page.document.querySelectorAll('.lineage-frame');
  const own = frame.querySelector('a');
  for (const [name, value] of [
    ['offsetLeft', 900],
    ['offsetWidth', 200],
  ])
    Object.defineProperty(own, name, { value });
  Object.defineProperty(frame, 'clientWidth', { value: 600 });
  page.window.dash_clientside.obsv.lineageCentre('cd');
  assert.equal(frame.scrollLeft, 700);
  assert.equal(old.scrollLeft, 0);
});
