// How often the overview is drawn anew, and when it is not.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { open } from './page.js';

let page;
let hidden;
const tick = (picked = { range: '1h' }) => page.callbacks.everyOther(null, picked);
const ticks = () => page.set.filter(([id]) => id === 'overview-tick').length;
const pointer = (kind, buttons) => {
  const event = new page.window.Event(kind, { bubbles: true });
  Object.defineProperty(event, 'buttons', { value: buttons });
  page.document.dispatchEvent(event);
};

beforeEach(() => {
  hidden = false;
  page = open(['components/dom.js', 'overview/overview.js'], { html: '<div id="overview-errors">text</div>' });
  Object.defineProperty(page.document, 'hidden', { get: () => hidden });
});

test('a pulse that comes too early is made up for, once', async () => {
  assert.equal(tick(), page.clock.now());
  assert.equal(tick(), 'no update');
  assert.equal(tick(), 'no update');
  await page.clock.pass(1_400);
  assert.equal(ticks(), 0);
  await page.clock.pass(1_000);
  assert.equal(ticks(), 1);
  await page.clock.pass(10_000);
  assert.equal(ticks(), 1);
});

test('a window that does not move with the clock is not drawn anew', () => {
  assert.equal(tick({ from: 'a', to: 'b' }), 'no update');
  assert.equal(tick({ from: 'a' }), page.clock.now());
});

test('it waits while nobody looks, while a button is held and while text is selected', async () => {
  hidden = true;
  assert.equal(tick(), 'no update');
  hidden = false;
  await page.clock.pass(500);
  assert.equal(ticks(), 1);
  await page.clock.pass(2_000);
  pointer('pointerdown', 1);
  assert.equal(tick(), 'no update');
  await page.clock.pass(2_000);
  assert.equal(ticks(), 1);
  pointer('pointermove', 0);
  await page.clock.pass(500);
  assert.equal(ticks(), 2);
  await page.clock.pass(2_000);
  page.window.getSelection().selectAllChildren(page.byId('overview-errors'));
  assert.equal(tick(), 'no update');
});

test('a page that is gone is not drawn', async () => {
  tick();
  tick();
  page.byId('overview-errors').remove();
  await page.clock.pass(5_000);
  assert.equal(ticks(), 0);
});
