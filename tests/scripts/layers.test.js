// The boxes of the flame graph: widths, equal siblings, failures, places, arrows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, plain } from './load.js';

const SCRIPTS = ['components/format.js', 'trace/tree.js', 'trace/siblings.js', 'trace/layers.js'];
const [layers, siblings, { FLAG }] = load(SCRIPTS, '[obsvLayers, obsvSiblings, obsvTree]', {
  dash_clientside: {},
});

/** Columns of a trace from rows of `[depth, process, duration, failed]` in preorder. */
const trace = (rows) => {
  const parent = rows.map(([depth], row) => {
    for (let up = row - 1; up >= 0; up -= 1) if (rows[up][0] < depth) return up;
    return -1;
  });
  const end = rows.map(([depth], row) => {
    const after = rows.findIndex((each, at) => at > row && each[0] <= depth);
    return after < 0 ? rows.length : after;
  });
  const [process, duration] = [1, 2].map((at) => rows.map((row) => row[at]));
  const flags = rows.map((row) => (row[3] ? FLAG.error : 0));
  return { end, parent, process, flags, duration, start: rows.map((_, at) => at) };
};
const built = (data, closed = null) => {
  const groups = siblings.groups(data);
  return layers.build(data, groups, closed || new Set(groups.keys()));
};
const shape = (boxes) => plain(boxes.map(({ rows, left, width, depth }) => [rows, left, width, depth]));

test('a box is as wide as its call, and stands at its caller’s left', () => {
  assert.deepEqual(
    shape(
      built(
        trace([
          [0, 0, 100],
          [1, 1, 30],
          [2, 2, 10],
          [1, 3, 50],
        ]),
      ),
    ),
    [
      [[0], 0, 100, 0],
      [[1], 0, 30, 1],
      [[3], 30, 50, 1],
      [[2], 0, 10, 2],
    ],
  );
});

test('calls that ran side by side stand next to each other, and widen their caller', () => {
  const boxes = built(
    trace([
      [0, 0, 100],
      [1, 1, 90],
      [1, 2, 80],
    ]),
  );
  assert.deepEqual(shape(boxes)[0], [[0], 0, 170, 0]);
  assert.equal(boxes[0].took, 100);
});

test('several roots stand next to each other', () => {
  assert.deepEqual(
    shape(
      built(
        trace([
          [0, 0, 5],
          [1, 1, 5],
          [0, 0, 7],
        ]),
      ),
    ),
    [
      [[0], 0, 5, 0],
      [[2], 5, 7, 0],
      [[1], 0, 5, 1],
    ],
  );
});

// 0 ─┬─ 12 steps, each with one load (1) and one save (2); the fifth failed in its save
//    └─ another
const loop = (failures) => {
  const rows = [[0, 0, 1000, false]];
  for (let at = 0; at < 12; at += 1) {
    const failed = failures.includes(at);
    rows.push([1, 1, 10, failed], [2, 2, 3, false], [2, 3, 4, failed]);
  }
  return trace([...rows, [1, 9, 20, false]]);
};

test('equal siblings are one box, and so is what they called; failed ones stay beside it', () => {
  const boxes = built(loop([4]));
  const [root, together, failed, other] = boxes;
  assert.deepEqual(plain(root.below.map((box) => box.rows.length)), [11, 1, 1]);
  assert.deepEqual([together.width, failed.width, other.width], [110, 10, 20]);
  assert.deepEqual(plain(together.below.map((box) => [box.rows.length, box.width])), [
    [11, 33],
    [11, 44],
  ]);
  assert.deepEqual(plain(failed.rows), [13]);
});

test('an open group shows each call', () => {
  assert.equal(built(loop([4]), new Set())[0].below.length, 13);
});

test('too many failures are in the box: it counts them, and stands for the first', () => {
  const rows = [[0, 0, 1000, false]];
  for (let at = 0; at < 40; at += 1) rows.push([1, 1, 10, at >= 10]);
  const [, box] = built(trace(rows));
  assert.deepEqual([box.rows.length, box.failed, box.row], [40, 30, 11]);
});

test('what failed below is known to all callers', () => {
  const boxes = built(
    trace([
      [0, 0, 9],
      [1, 1, 8],
      [2, 2, 7, true],
      [1, 3, 1],
    ]),
  );
  assert.deepEqual(plain(boxes.map((box) => [box.rows[0], box.broken])), [
    [0, true],
    [1, true],
    [3, false],
    [2, true],
  ]);
});

test('a place and a depth lead to a box, beside it to none', () => {
  const boxes = built(
    trace([
      [0, 0, 100],
      [1, 1, 30],
      [2, 2, 10],
      [1, 3, 50],
    ]),
  );
  const found = (place, depth) => layers.at(boxes, place, depth)?.rows[0];
  assert.deepEqual([found(0, 0), found(29, 1), found(30, 1), found(9, 2)], [0, 1, 3, 2]);
  assert.deepEqual(
    [found(81, 1), found(10, 2), found(100, 0), found(5, 3)],
    [undefined, undefined, undefined, undefined],
  );
});

test('arrows lead to caller, first callee and siblings, and stay at the edges', () => {
  const boxes = built(
    trace([
      [0, 0, 100],
      [1, 1, 30],
      [2, 2, 10],
      [1, 3, 50],
    ]),
  );
  const go = (row, key) =>
    layers.step(
      boxes,
      boxes.find((box) => box.rows[0] === row),
      key,
    ).rows[0];
  assert.deepEqual([go(0, 'ArrowDown'), go(1, 'ArrowRight'), go(3, 'ArrowLeft'), go(2, 'ArrowUp')], [1, 3, 1, 1]);
  assert.deepEqual([go(0, 'ArrowUp'), go(2, 'ArrowDown'), go(1, 'ArrowLeft'), go(3, 'ArrowRight')], [0, 2, 1, 3]);
});

test('calls that took no time, and 10,000 levels, are boxes like others', () => {
  assert.deepEqual(
    shape(
      built(
        trace([
          [0, 0, 0],
          [1, 1, 0],
        ]),
      ),
    ),
    [
      [[0], 0, 0, 0],
      [[1], 0, 0, 1],
    ],
  );
  const size = 10_000;
  const column = (make) => Array.from({ length: size }, (_, at) => make(at));
  const data = {
    end: column(() => size),
    parent: column((at) => at - 1),
    process: column(() => 0),
    flags: column(() => 0),
  };
  const boxes = built({ ...data, start: column(() => 0), duration: column((at) => size - at) });
  assert.equal(boxes.at(-1).depth, size - 1);
});
