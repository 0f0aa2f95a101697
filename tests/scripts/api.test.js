// Addresses of the API, and what it says when it fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.js';

let reloads = 0;
let doubts = 0;
const api = (fetch, root = '') =>
  load(['shell/root.js', 'components/api.js'], 'obsvApi', {
    fetch,
    setTimeout: () => 0,
    clearTimeout: () => {},
    document: { documentElement: { dataset: { root }, toggleAttribute: () => {} } },
    location: {
      reload: () => {
        reloads += 1;
      },
    },
    obsvConnection: {
      doubt: () => {
        doubts += 1;
      },
    },
  });

test('what is not given stays out of the address', () => {
  const { address } = api();
  assert.equal(
    address('calls', { q: 'a&b', group: null, status: '', min_ms: 0, x: undefined }),
    '/api/v1/calls?q=a%26b&min_ms=0',
  );
  assert.equal(address('calls/tail'), '/api/v1/calls/tail');
  assert.equal(api(undefined, '/obsv').address('calls/tail'), '/obsv/api/v1/calls/tail');
});

test('a change is sent as JSON, and its refusal told', async () => {
  const seen = [];
  let status = 201;
  const { send } = api(async (href, how) => {
    seen.push([href, how.method, how.body]);
    return { ok: status < 400, status, json: async () => ({ detail: 'Not for viewers.' }) };
  });
  await send('POST', 'kept', { trace_id: 'ab' });
  await send('DELETE', 'kept/ab');
  assert.deepEqual(seen, [
    ['/api/v1/kept', 'POST', '{"trace_id":"ab"}'],
    ['/api/v1/kept/ab', 'DELETE', undefined],
  ]);
  status = 403;
  await assert.rejects(send('DELETE', 'kept/ab'), { message: 'Not for viewers.' });
});

test('a problem is told in the server’s own words', async () => {
  const { json } = api(async () => ({ ok: false, status: 400, json: async () => ({ detail: 'No order x.' }) }));
  await assert.rejects(json('calls'), { message: 'No order x.' });
});

test('an answer that is no problem document has its number', async () => {
  const none = async () => {
    throw new Error('no JSON');
  };
  const { json } = api(async () => ({ ok: false, status: 502, json: none }));
  await assert.rejects(json('calls'), { message: 'The server answered 502.' });
});

test('without the token the form is asked for', async () => {
  const { json } = api(async () => ({ ok: false, status: 401, json: async () => ({}) }));
  await assert.rejects(json('calls'));
  assert.equal(reloads, 1);
});

test('a server that does not answer is doubted', async () => {
  const { text } = api(async () => {
    throw new TypeError('Failed to fetch');
  });
  await assert.rejects(text('traces/1/otlp'), { message: 'The server does not answer.' });
  assert.equal(doubts, 1);
});
