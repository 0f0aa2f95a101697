// Whether the server is there, and what the page says of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from './page.js';

const SCRIPTS = ['shell/root.js', 'components/dom.js', 'components/format.js', 'shell/connection.js'];

const opened = (answers, hidden = false) => {
  const asked = [];
  const page = open(SCRIPTS, {
    html: '<div id="lost" hidden></div>',
    root: '/obsv',
    globals: {
      fetch: async (address) => {
        asked.push(address);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  });
  Object.defineProperty(page.document, 'hidden', { get: () => hidden });
  return { ...page, asked, lost: () => page.document.documentElement.hasAttribute('data-lost') };
};

test('a server that answers is asked again and again, and nothing is said', async () => {
  const page = opened([{ ok: true }]);
  await page.clock.pass(4_600);
  assert.deepEqual(page.asked, Array(3).fill('/obsv/healthz'));
  assert.equal(page.lost(), false);
  assert.equal(page.byId('lost').hidden, true);
});

test('a page that nobody looks at does not ask', async () => {
  const page = opened([{ ok: true }], true);
  await page.clock.pass(10_000);
  assert.deepEqual(page.asked, []);
});

test('a server that is gone, or that answers with an error, is told with the age of what is shown', async () => {
  for (const answer of [new Error('refused'), { ok: false, statusText: 'no' }]) {
    const page = opened([{ ok: true }, answer]);
    await page.clock.pass(1_500);
    await page.clock.pass(61_500);
    assert.equal(page.lost(), true);
    assert.match(page.byId('lost').textContent, /from \d\d:\d\d:\d\d, 1 min ago/);
    assert.equal(page.byId('lost').hidden, false);
  }
});

test('a request that failed elsewhere is a reason to ask at once', async () => {
  const page = opened([new Error('refused')]);
  page.value('obsvConnection').doubt();
  await page.settle();
  assert.equal(page.value('obsvConnection').isLost(), true);
  page.value('obsvConnection').doubt();
  await page.settle();
  assert.equal(page.asked.length, 1);
});
