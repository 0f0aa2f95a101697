// The frame: theme, title, notices, the first call; a link that keeps the focus.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { open } from './page.js';

const HTML = `
  <a class="nav-entry" href="/obsv/code" id="code"></a><a class="nav-entry" href="/obsv/" id="overview" aria-current="page"></a>
  <div id="notices"></div><div id="page"><a href="/obsv/trace/1" id="old"></a></div>`;
let page;

beforeEach(() => {
  page = open(['shell/root.js', 'components/dom.js', 'shell/shell.js'], {
    html: HTML,
    url: 'http://localhost/obsv/code',
    root: '/obsv',
  });
});

test('the theme is dark until one is kept, and turns with each click', () => {
  const { setTheme, toggleTheme } = page.callbacks;
  assert.equal(setTheme(null), 'dark');
  assert.equal(setTheme('light'), 'light');
  assert.equal(page.document.documentElement.dataset.theme, 'light');
  assert.deepEqual(
    [toggleTheme(1, null), toggleTheme(2, 'light'), toggleTheme(0, 'light')],
    ['light', 'dark', 'no update'],
  );
});

test('the page that is shown is marked in the navigation, below a root path, too', () => {
  page.callbacks.setTitle({ title: 'Code', path: '/code' });
  assert.equal(page.document.title, 'Code · obsv');
  assert.equal(page.byId('code').getAttribute('aria-current'), 'page');
  assert.equal(page.byId('overview').hasAttribute('aria-current'), false);
  assert.equal(page.callbacks.setTitle(null), 'no update');
});

test('a notice is text, is shown once, and goes by itself', async () => {
  const { showNotice } = page.callbacks;
  const list = page.byId('notices');
  showNotice({ text: '<b>no</b>', kind: 'err' });
  showNotice({ text: '<b>no</b>', kind: 'err' });
  showNotice({ text: '' });
  assert.equal(list.children.length, 1);
  assert.equal(list.children[0].textContent, '<b>no</b>');
  assert.equal(list.children[0].className, 'notice notice-err');
  await page.clock.pass(8_000);
  assert.equal(list.children.length, 0);
});

test('a link that is drawn anew while it has the focus keeps it, another does not get it', async () => {
  page.byId('old').focus();
  page.byId('page').innerHTML = '<a href="/obsv/trace/2"></a><a href="/obsv/trace/1" id="new"></a>';
  await page.settle();
  assert.equal(page.document.activeElement.id, 'new');
  page.byId('page').innerHTML = '<a href="/obsv/trace/3"></a>';
  await page.settle();
  assert.equal(page.document.activeElement, page.document.body);
});

test('help opens by a click, not by being drawn', () => {
  assert.deepEqual([page.callbacks.openHelp(1), page.callbacks.openHelp(undefined)], [true, 'no update']);
});

test('calls on a page that waits for none change nothing', () => {
  assert.equal(page.callbacks.firstCall({ last: 7 }), 'no update');
});
