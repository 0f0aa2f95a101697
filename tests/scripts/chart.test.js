// Charts that are pointed at: what a part of the time, and a bar, mean.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, plain } from './load.js';

process.env.TZ = 'Asia/Kolkata';
const chart = load(['shell/root.js', 'components/format.js', 'charts/chart.js'], 'obsvChart', {
  document: { documentElement: { dataset: {} }, addEventListener: () => {} },
});

test('a bar that is clicked is its own time', () => {
  assert.deepEqual(plain(chart.range('2026-09-21 19:43:20', 60_000)), {
    range: null,
    from: '2026-09-21T14:13:20.000Z',
    to: '2026-09-21T14:14:20.000Z',
  });
});

test('a part that is dragged over reaches from one time to the other', () => {
  assert.deepEqual(plain(chart.range('2026-09-21 19:43:20.5', '2026-09-21 19:50:00.1234')), {
    range: null,
    from: '2026-09-21T14:13:20.500Z',
    to: '2026-09-21T14:20:00.123Z',
  });
});

test('what is no time is no window', () => {
  assert.equal(chart.range('soon', 60_000), null);
});

test('a bar of durations opens its calls', () => {
  const query = { process: 'shop.sell', range: '1h' };
  assert.equal(chart.calls(query, ['1 ms – 2 ms', 1, 2.5]), '/explorer?process=shop.sell&range=1h&min_ms=1&max_ms=2.5');
});
