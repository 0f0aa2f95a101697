// Keys, and what has them.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { open } from './page.js';

const HTML = `
  <nav><a class="nav-entry" title="Explorer (g e)" id="nav-e"></a><a class="nav-entry" title="Code (g c)" id="nav-c"></a></nav>
  <button id="theme-toggle"></button><button id="help-open"></button><button id="explorer-live"></button>
  <input id="field"><a class="row-link" id="one" href="#1"></a><a class="row-link" id="two" href="#2"></a>
  <button data-close id="below"></button><button data-close id="above"></button>`;
const SCRIPTS = ['shell/root.js', 'components/dom.js', 'components/format.js', 'controls/grid.js', 'shell/keyboard.js'];
let page;
let clicked;

beforeEach(() => {
  page = open(SCRIPTS, { html: HTML });
  clicked = [];
  page.document.addEventListener('click', (event) => {
    clicked.push(event.target.id);
    event.preventDefault();
  });
});

test('g and a letter open a page, however long it takes; another key ends it', async () => {
  page.press('g');
  await page.clock.pass(60_000);
  page.press('c');
  page.press('c');
  assert.deepEqual(clicked, ['nav-c']);
  page.press('g');
  page.press('x');
  page.press('e');
  assert.deepEqual(clicked, ['nav-c']);
});

test('a click in between ends it, too', () => {
  page.press('g');
  page.document.body.dispatchEvent(new page.window.Event('pointerdown', { bubbles: true }));
  page.press('e');
  assert.deepEqual(clicked, []);
});

test('keys in a field, and with another key held, are none of ours', () => {
  page.press('t', page.byId('field'));
  page.press('t', undefined, { ctrlKey: true });
  page.press('t', undefined, { metaKey: true });
  assert.deepEqual(clicked, []);
  page.press('t');
  page.press('?');
  page.press('l');
  assert.deepEqual(clicked, ['theme-toggle', 'help-open', 'explorer-live']);
});

test('Esc leaves a field first, then closes what is on top; a dialog closes itself', () => {
  page.byId('field').focus();
  page.press('Escape', page.byId('field'));
  assert.notEqual(page.document.activeElement.id, 'field');
  assert.deepEqual(clicked, []);
  page.press('Escape');
  assert.deepEqual(clicked, ['above']);
  const dialog = page.document.createElement('div');
  dialog.className = 'mantine-Modal-content';
  page.document.body.append(dialog);
  page.press('Escape');
  assert.deepEqual(clicked, ['above']);
});

test('j and k go through the rows and stop at the ends', () => {
  const at = () => page.document.activeElement.id;
  for (const [key, row] of [
    ['j', 'one'],
    ['j', 'two'],
    ['j', 'two'],
    ['k', 'one'],
    ['k', 'one'],
  ]) {
    page.press(key);
    assert.equal(at(), row);
  }
});

test('a slash focuses the search of the page; without one it leads to the explorer and waits for its own', async () => {
  page.press('/');
  assert.deepEqual(clicked, ['nav-e']);
  const field = page.document.createElement('input');
  field.dataset.hotkey = '/';
  page.document.body.append(field);
  await page.settle();
  assert.equal(page.document.activeElement, field);
});

test('another key stops the waiting for a search', async () => {
  page.press('/');
  page.press('j');
  const field = page.document.createElement('input');
  field.dataset.hotkey = '/';
  page.document.body.append(field);
  await page.settle();
  assert.notEqual(page.document.activeElement, field);
});

test('in a grid the row moves, is selected, and Enter opens it', () => {
  const calls = [];
  const api = {
    getFocusedCell: () => ({ rowIndex: 2, column: 'ts' }),
    getDisplayedRowCount: () => 4,
    ensureIndexVisible: (row) => calls.push(['seen', row]),
    setFocusedCell: (row, column) => calls.push(['focus', row, column]),
    getDisplayedRowAtIndex: (row) => ({ data: { row }, setSelected: () => calls.push(['select', row]) }),
  };
  page = open(SCRIPTS, {
    html: '<div class="grid-frame"><div class="grid" id="g"><div class="ag-root-wrapper" id="in"></div></div></div>',
    globals: { dash_ag_grid: { getApi: () => api } },
  });
  page.press('j');
  assert.deepEqual(calls, [
    ['seen', 3],
    ['focus', 3, 'ts'],
    ['select', 3],
  ]);
  page.press('Enter');
  assert.deepEqual(page.set, []);
  page.press('Enter', page.byId('in'));
  assert.deepEqual(JSON.parse(JSON.stringify(page.set)), [
    ['g-open', { data: { row: { row: 2 }, n: 1, byKey: true } }],
  ]);
});
