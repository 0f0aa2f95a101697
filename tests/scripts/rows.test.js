// The explorer's rows: paging, live merging, columns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, plain } from './load.js';

const rows = load(['explorer/rows.js'], 'obsvRows');

const call = (id, values = 2, ts = `2026-01-01 00:00:00.${String(id).padStart(6, '0')}`) => ({
  id,
  cursor: `from ${id}`,
  ts,
  duration_ns: 5,
  process: 'shop.sell',
  status: 'OK',
  exception: null,
  trace_id: 't',
  span_id: 's',
  values: Array.from({ length: values }, (_, at) => ({ name: `v${at}`, data_type: 'INPUT', text: `${at}` })),
});
const keys = (found) => plain(found.map((row) => row.key));

test('a call is one row a value, the first carries the call', () => {
  const found = rows.of(call(7, 3), false);
  assert.deepEqual(keys(found), ['7:0', '7:1', '7:2']);
  assert.deepEqual(plain(found.map((row) => row.first)), [true, false, false]);
});

test('a call without values is one row', () => {
  assert.equal(rows.of(call(7, 0), false).length, 1);
});

test('a value that was cut says so', () => {
  const cut = { ...call(1, 0), values: [{ name: 'a', data_type: 'INPUT', text: 'abc', cut: true }] };
  assert.equal(rows.of(cut, false)[0].data_value, 'abc…');
});

test('what is there already comes no second time', () => {
  const there = new Set(['2:0', '2:1']);
  const found = rows.unseen([call(3), call(2)], true, (key) => there.has(key));
  assert.deepEqual(keys(found), ['3:0', '3:1']);
  assert.ok(found[0].fresh);
});

test('calls are counted by their first rows', () => {
  assert.equal(rows.calls([call(1), call(2, 5)].flatMap((each) => rows.of(each, false))), 2);
});

test('only whole calls are let go', () => {
  const list = [call(9, 2), call(8, 4), call(7, 2)].flatMap((each) => rows.of(each, false));
  assert.equal(
    rows.cut(4, (at) => list[at]),
    2,
  );
  assert.equal(
    rows.cut(6, (at) => list[at]),
    6,
  );
  assert.equal(
    rows.cut(1, (at) => list[at]),
    0,
  );
});

test('reading goes on at the cursor of what started last, as the server gave it', () => {
  // 8 ended after 9 and started before it.
  const gone = [call(7), call(9), call(8)].flatMap((each) => rows.of(each, true));
  assert.equal(rows.resume(gone), 'from 9');
});

test('column widths are read from the address within bounds', () => {
  assert.deepEqual(plain(rows.widths('process:400,data:9,x,status:99999,ts:abc')), [
    { colId: 'process', width: 400, flex: null },
    { colId: 'status', width: 2000, flex: null },
  ]);
  assert.deepEqual(plain(rows.widths(null)), []);
});

test('a widened column stands in the address beside the others', () => {
  assert.equal(rows.widened('process:400', 'data', 151.4), 'process:400,data:151');
  assert.equal(rows.widened('process:400', 'process', 90), 'process:90');
});

test('where a row is a call, its chosen values stand in their columns', () => {
  const [row] = rows.unseen([call(7, 3)], false, () => false, ['v2', 'gone']);
  assert.deepEqual(plain(row.named), ['2', '']);
  assert.equal(row.data_value, 'v0=0  v1=1  v2=2');
});
