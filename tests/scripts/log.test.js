// The line of a log record, and what it opens to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, plain } from './load.js';

const line = load(['logs/line.js'], 'obsvLogLine');
const record = (more = {}) => ({
  id: 1,
  ts: '2026-11-20 14:13:20.000000',
  severity: 'WARN',
  severity_number: 13,
  severity_text: 'WARN',
  event_name: '',
  body: null,
  attributes: {},
  trace_id: '',
  span_id: '',
  process: '',
  service: '',
  logger: '',
  thread: '',
  ...more,
});

test('the colour follows the severity number', () => {
  const kinds = [0, 1, 12, 13, 16, 17, 24].map(line.kind);
  assert.deepEqual(plain(kinds), ['plain', 'plain', 'plain', 'stale', 'stale', 'err', 'err']);
});

test('a line says the name and the first line of the body', () => {
  assert.equal(line.said(record({ event_name: 'order.rejected' })), 'order.rejected');
  assert.equal(
    line.said(record({ event_name: 'order.rejected', body: 'no stock\nsee log' })),
    'order.rejected: no stock',
  );
  assert.equal(line.said(record({ body: { a: [1] } })), '{"a":[1]}');
  assert.equal(line.said(record({ logger: 'shop.desk' })), 'shop.desk');
  assert.equal(line.said(record()), '(empty)');
});

test('fields are one line, without where in the code and the exception', () => {
  const attributes = { order: 7, reason: 'no "stock"', none: null, 'code.line.number': 3, 'exception.stacktrace': 'x' };
  assert.equal(line.fields(record({ attributes })), 'order=7 reason="no \\"stock\\"" none=');
});

test('what it opens to has all that is known, and nothing that is empty', () => {
  const found = line.parts(
    record({ body: 'a\nb', attributes: { n: 0, gone: null }, severity_text: 'warning', service: 's' }),
  );
  assert.deepEqual(plain(found), [
    ['body', 'a\nb'],
    ['n', '0'],
    ['severity', 'warning'],
    ['service', 's'],
  ]);
});

test('the place of a record is its span, its trace, or none', () => {
  assert.equal(line.trace(record({ trace_id: 'ab', span_id: 'cd' })), '/trace/ab?span=cd');
  assert.equal(line.trace(record({ trace_id: 'ab' })), '/trace/ab');
  assert.equal(line.trace(record()), null);
});
