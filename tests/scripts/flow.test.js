// The flow page: how arrows bend, the graph in words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, plain } from './load.js';

const bend = load(['flow/bend.js'], 'obsvBend');
const names = load(['flow/names.js'], 'obsvFlowNames');
const at = (x, y) => ({ x, y, width: 100 });

test('ahead is an S from the right side to the left one', () => {
  const style = bend.style(at(0, 0), at(400, 300));
  assert.equal(style['source-endpoint'], '90deg');
  assert.equal(style['target-endpoint'], '270deg');
  const [out, into] = style['control-point-distances'];
  assert.equal(out, -into);
  assert.ok(into > 0);
});

test('nearly level is straight', () => {
  assert.equal(Math.abs(bend.style(at(0, 0), at(400, 10))['control-point-distances'][0]), 0);
});

test('within a column is a bow at its right', () => {
  assert.deepEqual(plain(bend.style(at(0, 0), at(0, 60))['control-point-distances']), [-26]);
  assert.deepEqual(plain(bend.style(at(0, 60), at(0, 0))['control-point-distances']), [26]);
});

test('back is as cytoscape draws it', () => {
  assert.equal(bend.style(at(400, 0), at(0, 50)), null);
});

test('the graph is said in words, without what it has not', () => {
  assert.equal(
    names.said([
      ['function', 3],
      ['feed', 1],
      ['folded group', 0],
      ['arrow', 2],
    ]),
    '3 functions, 1 feed, 2 arrows',
  );
});

test('what the tip says stands beside the name', () => {
  const tip = [
    ['', 'shop.sell'],
    ['calls', '5'],
    ['errors', '1'],
  ];
  assert.equal(names.about({ tip }), 'calls 5 · errors 1');
});

test('a search is of any part, whatever its case', () => {
  assert.ok(names.fits('shop.Sell', ' SELL '));
  assert.ok(!names.fits('shop.Sell', 'buy'));
});

test('a group is folded and unfolded', () => {
  assert.deepEqual(plain(names.toggled(['a'], 'b')), ['a', 'b']);
  assert.deepEqual(plain(names.toggled(['a', 'b'], 'a')), ['b']);
});
