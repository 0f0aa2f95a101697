// Formats: the table that test_clock.py reads too, and times.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from './load.js';

process.env.TZ = 'Asia/Kolkata'; // half an hour off, and never on summer time
const format = load(['components/format.js'], 'obsvFormat');
const table = JSON.parse(readFileSync(new URL('formats.json', import.meta.url), 'utf8'));

for (const [name, cases] of Object.entries(table)) {
  test(`${name} reads as the table says`, () => {
    for (const [given, text] of cases) assert.equal(format[name](given), text, `${name}(${given})`);
  });
}

test('a noun has the form of its count', () => {
  assert.equal(format.counted(1, 'call'), '1 call');
  assert.equal(format.counted(0, 'call'), '0 calls');
  assert.equal(format.counted(2000, 'call'), '2,000 calls');
});

test('a duration that is not known is no text', () => {
  assert.equal(format.duration(null), '');
  assert.equal(format.duration(undefined), '');
});

test('a tick has the unit of its axis and stays round', () => {
  assert.equal(format.tick(300_000, 30_000), '300 µs');
  assert.equal(format.tick(300_000_000.0000001, 400_000_000), '300 ms');
  assert.equal(format.tick(5, 9), '5 ns');
  assert.equal(format.tick(0.5, 0.7), '0.5 ns');
});

test('unix time beyond a number is read exactly', () => {
  assert.equal(format.localNs('1790000000123456789'), '2026-09-21 19:43:20.123');
  assert.equal(format.utcNs('1790000000123456789'), '2026-09-21 14:13:20.123 UTC');
});

test('the day stands before a time of another day, the year before one of another year', () => {
  const now = new Date('2026-09-21T14:00:00Z');
  assert.equal(format.localTs('2026-09-21 13:33:20.123456', now), '19:03:20.123');
  assert.equal(format.localTs('2026-09-20 13:33:20.123456', now), 'Sep 20 19:03:20.123');
  assert.equal(format.localTs('2025-09-20 13:33:20.123456', now), '2025 Sep 20 19:03:20.123');
  assert.equal(format.localTs(null, now), '');
});

test('a field of local time is an instant, or none', () => {
  assert.equal(format.utcOf('2026-09-21 19:03:20'), '2026-09-21T13:33:20.000Z');
  assert.equal(format.utcOf('soon'), null);
  assert.equal(format.utcOf(''), null);
});

test('a number in full has commas', () => {
  assert.equal(format.exact(1234567), '1,234,567');
});
