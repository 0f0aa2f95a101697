// Buttons that copy an explanation of a call for an assistant.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { open } from './page.js';

let page;
let copied;

beforeEach(() => {
  page = open(['shell/root.js', 'components/dom.js', 'components/api.js', 'components/explain.js'], {
    html: '<button data-explain="ab/cd"><i id="inner"></i></button><button id="other"></button><div id="notices"></div>',
    url: 'http://localhost/trace/ab',
  });
  copied = [];
  Object.defineProperty(page.window.navigator, 'clipboard', {
    value: { writeText: async (text) => void copied.push(text) },
    configurable: true,
  });
});

test('a press copies the text of the server', async () => {
  const asked = [];
  page.window.fetch = async (href) => {
    asked.push(href);
    return { ok: true, text: async () => '# what happened' };
  };
  page.byId('other').click();
  page.byId('inner').click();
  await page.settle();
  assert.deepEqual([asked, copied], [['/api/v1/explain/ab/cd'], ['# what happened']]);
});

test('a call that is gone is told', async () => {
  page.window.fetch = async () => ({ ok: false, status: 404, json: async () => ({ detail: 'No such span.' }) });
  page.byId('inner').click();
  await page.settle();
  assert.deepEqual(copied, []);
  assert.match(JSON.stringify(page.set), /No such span/);
});
