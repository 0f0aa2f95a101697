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

// 0 ─┬─ 1..12, of them 5 failed, each with a call of its own below
//    └─ 25, of another function
const siblings = load(['components/format.js', 'trace/tree.js', 'trace/siblings.js'], 'obsvSiblings', {
  window: {},
  dash_clientside: {},
});
const many = () => {
  const rows = [{ end: 26, parent: -1, process: 0, flags: 0 }];
  for (let at = 0; at < 12; at += 1) {
    rows.push({ end: 3 + 2 * at, parent: 0, process: 1, flags: at === 4 ? FLAG.error : 0 });
    rows.push({ end: 3 + 2 * at, parent: 1 + 2 * at, process: 2, flags: 0 });
  }
  rows.push({ end: 26, parent: 0, process: 3, flags: 0 });
  const column = (name) => rows.map((row) => row[name]);
  const names = ['end', 'parent', 'process', 'flags'];
  const zeros = rows.map(() => 1);
  return { ...Object.fromEntries(names.map((name) => [name, column(name)])), start: zeros, duration: zeros };
};

test('equal siblings are one row, those that failed stay in sight', () => {
  const data = many();
  const all = siblings.groups(data);
  assert.deepEqual(plain([...all.keys()]), [1]);
  assert.equal(siblings.label(all.get(1)), '× 12, one failed');
  const hidden = siblings.hide(new Uint8Array(26), data.end, all, new Set([1]));
  const shown = [...hidden].flatMap((each, row) => (each ? [] : [row]));
  assert.deepEqual(shown, [0, 1, 9, 10, 25]);
});

test('a row that is folded away is found by its group', () => {
  const all = siblings.groups(many());
  assert.deepEqual(plain(siblings.around([4, 3, 0], all, new Set([1]))), [1]);
  assert.deepEqual(plain(siblings.around([25, 0], all, new Set([1]))), []);
});
