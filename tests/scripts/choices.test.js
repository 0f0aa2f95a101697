// What is chosen on a page: the time, the function, what is compared; all of it stands in the address.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { open } from './page.js';

let page;
const SCRIPTS = ['shell/root.js', 'components/dom.js', 'components/format.js', 'shell/address.js'];
const search = () => decodeURIComponent(page.window.location.search);
const plain = (value) => JSON.parse(JSON.stringify(value));

beforeEach(() => {
  page = open([...SCRIPTS, 'controls/timepicker.js', 'compare/compare.js', 'code/code.js'], {
    url: 'http://localhost/compare?range=1h',
    html: '<div id="compare-calls-tools"></div><div id="compare-times-tools"></div>',
  });
  page.value('obsvAddress').moved();
});

test('a preset is the window; the same again changes nothing', () => {
  const { pickTime } = page.callbacks;
  assert.deepEqual(plain(pickTime('6h', null, null, { range: '1h' })[0]), { range: '6h' });
  assert.equal(search(), '?range=6h');
  assert.equal(pickTime('6h', null, null, { range: '6h' })[0], 'no update');
});

test('two own times begin with the preset as it is now, and are UTC in the address', () => {
  const { pickTime } = page.callbacks;
  const [window, , from, to] = plain(pickTime('custom', null, null, { range: '1h' }));
  const at = (ms) => new Date(ms).toISOString();
  const end = Math.ceil(page.clock.now() / 1000) * 1000;
  assert.deepEqual(window, { from: at(end - 3_600_000), to: at(end) });
  assert.equal(from.length, 'YYYY-MM-DD HH:MM:SS'.length);
  assert.equal(search(), `?from=${at(end - 3_600_000)}&to=${at(end)}`);
  assert.deepEqual(plain(pickTime('custom', from, null, window)[0]), { from: window.from });
  assert.equal(pickTime('custom', null, to, window)[0], 'no update');
});

test('of the tools those of the mode are shown, and the address has what the mode needs', () => {
  const { compareChosen } = page.callbacks;
  compareChosen('shop.quote', 'abc/def', 'calls', {});
  assert.equal(search(), '?range=1h&trace=abc&span=def');
  assert.deepEqual([page.byId('compare-calls-tools').hidden, page.byId('compare-times-tools').hidden], [false, true]);
  compareChosen('shop.quote', 'abc/def', 'times', { against: 'before' });
  assert.equal(search(), '?range=1h&process=shop.quote&mode=times');
  compareChosen('shop.quote', null, 'times', { from: 'x', to: 'y' });
  assert.equal(search(), '?range=1h&process=shop.quote&mode=times&b_from=x&b_to=y');
  assert.deepEqual([page.byId('compare-calls-tools').hidden, page.byId('compare-times-tools').hidden], [true, false]);
});

test('what a window is compared with is a word, or two times once both are there', () => {
  const { compareAgainst } = page.callbacks;
  assert.deepEqual(plain(compareAgainst('before', null, null)), [{ against: 'before' }, { display: 'none' }]);
  assert.deepEqual(plain(compareAgainst('custom', '2026-11-20 10:00:00', null)), ['no update', {}]);
  const [both] = plain(compareAgainst('custom', '2026-11-20 10:00:00', '2026-11-20 11:00:00'));
  assert.equal(Date.parse(both.to) - Date.parse(both.from), 3_600_000);
});

test('the function that is chosen is a step of its own', () => {
  page.callbacks.codeChosen('shop.quote');
  assert.deepEqual(plain(page.set.at(-1)), ['location', { href: '/compare?range=1h&process=shop.quote' }]);
});
