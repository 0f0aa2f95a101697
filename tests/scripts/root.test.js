// The path under which a proxy publishes the app.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.js';

const rootAt = (root) =>
  load(['shell/root.js'], 'obsvRoot', { document: { documentElement: { dataset: root === null ? {} : { root } } } });

test('without one, paths are what they are', () => {
  for (const root of [rootAt(null), rootAt('')]) {
    assert.equal(root.under('/explorer'), '/explorer');
    assert.equal(root.inside('/explorer'), '/explorer');
    assert.equal(root.inside('/'), '/');
  }
});

test('it stands before every path that the browser asks for', () => {
  assert.equal(rootAt('/tools/obsv').under('/trace/1?span=2'), '/tools/obsv/trace/1?span=2');
});

test('it is taken off as a whole segment only', () => {
  const { inside } = rootAt('/obsv');
  assert.equal(inside('/obsv/explorer'), '/explorer');
  assert.equal(inside('/obsv/'), '/');
  assert.equal(inside('/obsv'), '/');
  assert.equal(inside('/observed'), '/observed');
});
