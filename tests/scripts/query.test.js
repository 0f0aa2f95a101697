// The explorer's query box: terms that a click on a value adds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.js';

const query = load(['explorer/query.js'], 'obsvQuery', { document: { addEventListener() {} } });

test('a value is quoted where it needs it', () => {
  assert.equal(query.quoted('3'), '3');
  assert.equal(query.quoted("'AAPL'"), `"'AAPL'"`);
  assert.equal(query.quoted('a "b" \\'), '"a \\"b\\" \\\\"');
});

test('a term is added once, and takes the place of its opposite', () => {
  const only = query.withTerm('status:ERR', 'price', '3', false);
  assert.equal(only, 'status:ERR price=3');
  assert.equal(query.withTerm(only, 'price', '3', false), only);
  assert.equal(query.withTerm(only, 'price', '3', true), 'status:ERR price!=3');
});

test('a value that is called like a name of the language gets its prefix', () => {
  assert.equal(query.withTerm('', 'status', 'OK', false), 'value.status=OK');
});

test('a text with spaces stays one term', () => {
  assert.equal(query.withTerm('"out of stock"', 'a', 'b c', false), '"out of stock" a="b c"');
});
