// The explorer's query box: completions that come while it is typed, taken by key or pointer; terms by a click on a value.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { plain } from './load.js';
import { open } from './page.js';

const VALUES = `<button data-asked="price" data-value="3" data-process="shop.sell">only</button>
  <button data-asked="price" data-value="3" data-process="shop.sell" data-sign="not">not</button>`;
const HTML = `<div role="search"><input id="explorer-q"></div>${VALUES}`;
const FOUND = [
  { start: 0, insert: 'price', label: 'price', about: 'float' },
  { start: 0, insert: 'process:', label: 'process', about: 'its function' },
];
let page;
let asked;
let answer;
let typed;
const box = () => page.byId('explorer-q');
const labels = () => Array.from(page.document.querySelectorAll('#query-list li'), (each) => each.textContent);
const type = async (text) => {
  box().focus();
  box().value = text;
  box().setSelectionRange(text.length, text.length);
  box().dispatchEvent(new page.window.Event('input', { bubbles: true }));
  await page.clock.pass(120);
  await page.settle();
};
const begin = (html = HTML) => {
  asked = [];
  typed = [];
  answer = async () => FOUND;
  const json = (path, query) => {
    asked.push(plain([path, query]));
    return answer();
  };
  const url = 'http://localhost/explorer?range=1h&process=shop.sell';
  page = open(['shell/root.js', 'components/dom.js', 'explorer/query.js'], {
    html,
    url,
    globals: { obsvApi: { json } },
  });
  page.window.HTMLElement.prototype.scrollIntoView = () => {};
  page.document.addEventListener('input', (event) => typed.push(event.target.value));
};

beforeEach(() => begin());

test('what is asked is the text before the cursor, of this function and this time', async () => {
  await type('pr');
  const time = { range: '1h', from: null, to: null };
  assert.deepEqual(asked, [['calls/completions', { where: 'pr', process: 'shop.sell', ...time }]]);
  assert.deepEqual(labels(), ['pricefloat', 'processits function']);
  assert.equal(box().getAttribute('aria-expanded'), 'true');
});

test('keys that follow each other ask once', async () => {
  box().focus();
  for (const text of ['p', 'pr']) {
    box().value = text;
    box().dispatchEvent(new page.window.Event('input', { bubbles: true }));
  }
  await page.clock.pass(120);
  assert.equal(asked.length, 1);
});

test('arrows go round, Enter takes one: behind a value the next term follows, behind an operator its value', async () => {
  await type('pr');
  page.press('ArrowUp', box());
  assert.equal(box().getAttribute('aria-activedescendant'), 'query-1');
  page.press('ArrowDown', box());
  assert.equal(box().getAttribute('aria-activedescendant'), 'query-0');
  page.press('Enter', box());
  assert.equal(box().value, 'price ');
  assert.deepEqual(labels(), []);
  assert.equal(box().getAttribute('aria-expanded'), 'false');
  await page.clock.pass(120);
  assert.equal(asked.length, 1, 'a finished term asks nothing');
  await type('pr');
  page.press('ArrowDown', box());
  page.press('ArrowDown', box());
  page.press('Tab', box());
  assert.equal(box().value, 'process:');
  await page.clock.pass(120);
  assert.equal(asked.at(-1)[1].where, 'process:');
});

test('Enter with nothing marked is the search’s own', async () => {
  await type('pr');
  const event = new page.window.KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true });
  box().dispatchEvent(event);
  assert.equal(event.defaultPrevented, false);
  assert.equal(box().value, 'pr');
});

test('the pointer takes one, also in the middle of a text', async () => {
  await type('pr');
  box().value = 'pr x';
  box().setSelectionRange(2, 2);
  const item = page.byId('query-0');
  item.dispatchEvent(new page.window.MouseEvent('pointerdown', { bubbles: true, cancelable: true }));
  assert.equal(box().value, 'price x');
  assert.equal(box().selectionStart, 5);
});

test('Escape and leaving close the list; the arrow opens it again', async () => {
  await type('pr');
  page.press('Escape', box());
  assert.deepEqual(labels(), []);
  page.press('ArrowDown', box());
  await page.clock.pass(120);
  await page.settle();
  assert.equal(labels().length, 2);
  box().dispatchEvent(new page.window.FocusEvent('focusout', { bubbles: true }));
  assert.deepEqual(labels(), []);
});

test('nothing found, a failure and an answer that comes too late show no list', async () => {
  await type('pr');
  answer = async () => [];
  await type('prx');
  assert.deepEqual(labels(), []);
  answer = async () => {
    throw new Error('no');
  };
  await type('pry');
  assert.deepEqual(labels(), []);
  let late;
  answer = () =>
    new Promise((resolve) => {
      late = resolve;
    });
  await type('p');
  box().blur();
  late(FOUND);
  await page.settle();
  assert.deepEqual(labels(), []);
});

test('names are shown as text', async () => {
  answer = async () => [{ start: 0, insert: '<b>', label: '<b>', about: '<i>' }];
  await type('p');
  assert.equal(page.document.querySelector('#query-list b'), null);
  assert.deepEqual(labels(), ['<b><i>']);
});

test('only this and not this go into the box, as if they were typed', () => {
  const [only, not] = page.document.querySelectorAll('button[data-asked]');
  box().value = 'status:ERR';
  only.click();
  not.click();
  assert.deepEqual(typed, ['status:ERR price=3', 'status:ERR price!=3']);
});

test('where there is no box they begin a new search', () => {
  begin(VALUES);
  page.document.querySelector('button[data-sign]').click();
  const href = '/explorer?process=shop.sell&where=price%21%3D3';
  assert.deepEqual(plain(page.set.at(-1)), ['location', { href }]);
});
