// The trace in memory: folding, errors, search, the critical path; the axis.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, plain } from './load.js';

const tree = load(['trace/tree.js'], 'obsvTree');
const axis = load(['trace/axis.js'], 'obsvAxis');
const { FLAG } = tree;

// 0 ─┬─ 1 ─── 2
//    ├─ 3
//    └─ 4 ─── 5
const END = [6, 3, 3, 4, 6, 6];
const PARENT = [-1, 0, 1, 0, 0, 4];

test('what stands below a folded row is hidden', () => {
  assert.deepEqual([...tree.hidden(END, [0, 1, 0, 0, 0, 0], null)], [0, 0, 1, 0, 0, 0]);
  assert.deepEqual([...tree.hidden(END, [1, 1, 0, 0, 0, 0], null)], [0, 1, 1, 1, 1, 1]);
  assert.deepEqual([...tree.hidden(END, [0, 0, 0, 0, 0, 0], null)], [0, 0, 0, 0, 0, 0]);
});

test('rows of a view only are hidden outside it', () => {
  assert.deepEqual([...tree.hidden(END, [0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 1])], [0, 1, 1, 1, 0, 1]);
});

test('rows with a flag bring their callers', () => {
  const flags = [0, 0, FLAG.critical, 0, 0, 0];
  assert.deepEqual([...tree.only({ flags, parent: PARENT }, FLAG.critical)], [1, 1, 1, 0, 0, 0]);
});

test('errors begin where nothing below failed, in order of time', () => {
  const flags = [1, 1, 1, 0, 1, 1];
  assert.deepEqual(plain(tree.errors({ flags, parent: PARENT, start: [0, 1, 9, 3, 4, 5] })), [5, 2]);
  assert.deepEqual(plain(tree.errors({ flags: [1, 0, 0, 0, 0, 0], parent: PARENT, start: END })), [0]);
});

test('the critical path has its parts by row', () => {
  assert.deepEqual(plain([...tree.segments([0, 1, 2, 4, 2, 3, 0, 3, 4])]), [
    [
      0,
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [4, [[2, 3]]],
  ]);
});

test('callers of a row, from the nearest', () => {
  assert.deepEqual(plain(tree.above(PARENT, 2)), [1, 0]);
  assert.deepEqual(plain(tree.above(PARENT, 0)), []);
});

test('a search finds names, services and ids', () => {
  const data = {
    span_id: ['aa', 'bb', 'cc'],
    process: [0, 1, 0],
    processes: [
      ['shop.sell', 'till'],
      ['shop.buy', 'store'],
    ],
  };
  assert.deepEqual(plain(tree.named(data, 'SELL')), [0, 2]);
  assert.deepEqual(plain(tree.named(data, 'store shop')), [1]);
  assert.deepEqual(plain(tree.named(data, 'cc')), [2]);
  assert.deepEqual(plain(tree.named(data, 'c')), []);
});

test('a name is split at its last dot; a foreign name with blanks is whole', () => {
  assert.deepEqual(plain(tree.split('shop.orders.place')), ['place', 'shop.orders']);
  assert.deepEqual(plain(tree.split('GET /a.b')), ['GET /a.b', '']);
  assert.deepEqual(plain(tree.split('main')), ['main', '']);
});

test('an axis from 0 has four to eight ticks, 1, 2 or 5 times a power of ten apart', () => {
  for (const length of [4, 7, 10, 99, 999, 32_259, 9_160_000, 61e9, 7.2e12]) {
    const ticks = axis.ticks([0, length]);
    assert.equal(ticks[0], 0);
    assert.ok(ticks.length >= 4 && ticks.length <= 8, `${length}: ${ticks}`);
    assert.match(String(ticks[1] - ticks[0]), /^[125]0*$/);
  }
});

test('lines stand at the ticks', () => {
  assert.deepEqual(plain(axis.lines([110e6, 510e6])), { '--at': '22.5%', '--step': '25%' });
});

test('a place is cut at the edges of what is in sight, and none outside', () => {
  assert.deepEqual(plain(axis.place(50, 150, [100, 200])), { left: '0%', width: '50%' });
  assert.equal(axis.place(0, 99, [100, 200]), null);
  assert.equal(axis.place(201, 300, [100, 200]), null);
});
