// Saved views: the dialog of the navigation, and where their links may lead.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { plain } from './load.js';
import { open } from './page.js';

const FILES = ['components/dom.js', 'controls/dialog.js', 'controls/views.js'];
const HOSTILE = '<img src=x onerror=alert(1)>';

let page;
let sent;
let found;
beforeEach(() => {
  sent = [];
  found = {
    may_change: true,
    views: [
      { id: 7, name: HOSTILE, path: '/explorer?range=1h&where=a+%3D+1', saved_by: 'eva' },
      { id: 8, name: 'outside', path: '//evil.example/x', saved_by: 'eva' },
    ],
  };
  page = open(['shell/root.js', ...FILES], {
    html: '<button id="views-open"><i></i></button>',
    root: '/obsv',
    url: 'http://localhost/obsv/logs?range=6h&q=x',
    globals: {
      obsvApi: {
        json: async () => found,
        send: async (...given) => {
          if (found.refused) throw new Error(found.refused);
          sent.push(given);
        },
      },
    },
  });
  page.window.HTMLDialogElement.prototype.showModal = function show() {
    this.open = true;
  };
  // As in a browser: the event comes later.
  page.window.HTMLDialogElement.prototype.close = function close() {
    setImmediate(() => this.dispatchEvent(new page.window.Event('close')));
  };
});
const one = (selector) => page.document.querySelector(`dialog ${selector}`);
const settle = async () => {
  for (let turn = 0; turn < 6; turn += 1) await page.settle();
};
const show = async () => {
  page.document.querySelector('#views-open i').click();
  await settle();
};
const press = async (label) => {
  one(`button[aria-label="${label}"]`).click();
  await settle();
};

test('the page on the screen is saved below the root, with its relative range', async () => {
  await show();
  one('input[aria-label="Save this view: name"]').value = 'mine';
  await press('Save this view');
  assert.deepEqual(plain(sent), [['POST', 'views', { name: 'mine', path: '/logs?range=6h&q=x' }]]);
  assert.match(one('.saved-views-done').textContent, /Saved mine/);
});

test('a name is text, and a click opens its page without a reload', async () => {
  await show();
  assert.equal(one('img'), null);
  const [first, second] = page.document.querySelectorAll('dialog .saved-view-name');
  assert.deepEqual([first.textContent, second.textContent], [HOSTILE, 'outside']);
  assert.match(one('.saved-view-about').textContent, /\/explorer {2}range=1h {2}where=a = 1 · eva/);
  first.click();
  assert.deepEqual(plain(page.set), [['location', { href: '/obsv/explorer?range=1h&where=a+%3D+1' }]]);
  assert.equal(one(''), null);
});

test('no address leads out of the app, whoever wrote it', () => {
  const target = (path) => page.value('obsvViews').target(path, 'http://localhost/obsv/');
  assert.equal(target('/'), '/obsv/');
  assert.equal(target('/code?x=//a'), '/obsv/code?x=//a');
  for (const path of ['//a', 'http://a/', 'javascript:alert(1)', '/\\a', '/../x', '/%2e%2e/x', '/a//b', '', 'x']) {
    assert.equal(target(path), null, path);
  }
});

test('a view is renamed in its row, and removed with a way back', async () => {
  await show();
  await press(`Rename ${HOSTILE}`);
  const field = one('input[aria-label="Rename: name"]');
  assert.equal(field.value, HOSTILE);
  field.value = 'calm';
  field.dispatchEvent(new page.window.KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  await settle();
  assert.deepEqual(plain(sent.at(-1)), ['POST', 'views/7', { name: 'calm' }]);
  await press('Delete outside');
  assert.deepEqual(plain(sent.at(-1)), ['DELETE', 'views/8']);
  await press('Undo');
  assert.deepEqual(plain(sent.at(-1)), ['POST', 'views', { name: 'outside', path: '//evil.example/x' }]);
});

test('a viewer opens views and changes none; a refusal is shown in the dialog', async () => {
  found.refused = 'There is a view already';
  await show();
  await press('Delete outside');
  assert.match(one('#views-said').textContent, /already/);
  found.may_change = false;
  await show();
  assert.equal(one('input'), null);
  assert.deepEqual(
    Array.from(page.document.querySelectorAll('dialog button'), (each) => each.textContent),
    ['×'],
  );
});
