// Links with fixed times, and the dialog that says how long they lead somewhere.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { load, plain } from './load.js';
import { open } from './page.js';

const NOW = Date.UTC(2026, 0, 2, 12);
const { absolute } = load(['controls/share.js'], 'obsvShare', {
  obsvDom: {},
  obsvDialog: {},
  document: { addEventListener() {} },
});

test('a range becomes its times, and what belongs to the one who looks goes', () => {
  const found = new URL(absolute('http://a/explorer?range=5m&live=1&where=x', '1h', NOW)).searchParams;
  assert.deepEqual([...found.keys()].sort(), ['from', 'to', 'where']);
  assert.deepEqual([found.get('from'), found.get('to')], ['2026-01-02T11:55:00.000Z', '2026-01-02T12:00:00.000Z']);
});

test('without a range the page’s own holds; fixed times stay; a page without any gets none', () => {
  assert.match(absolute('http://a/errors/1', '6h', NOW), /from=2026-01-02T06/);
  assert.equal(
    absolute('http://a/errors/1?from=2026-01-01&to=2026-01-02', '6h', NOW),
    'http://a/errors/1?from=2026-01-01&to=2026-01-02',
  );
  assert.match(absolute('http://a/errors/1?from=2026-01-01', '6h', NOW), /from=2026-01-01&to=2026-01-02T12/);
  assert.equal(absolute('http://a/trace/ab?span=1', '', NOW), 'http://a/trace/ab?span=1');
});

let page;
let sent;
let found;
beforeEach(() => {
  sent = [];
  found = { kept_by: null, text: 'It will be deleted in about 5 h.' };
  const html =
    '<button id="s" data-share="ab" data-path="/trace/ab?span=1"></button><button id="k" data-keep="ab"></button>' +
    '<button id="e" data-share="" data-preset="1h"></button>';
  page = open(['components/dom.js', 'shell/root.js', 'controls/dialog.js', 'controls/share.js'], {
    html,
    root: '/obsv',
    url: 'http://localhost/obsv/explorer',
    globals: {
      obsvApi: {
        json: async (path, entries) => {
          sent.push(['GET', path, entries]);
          return found;
        },
        send: async (...given) => {
          if (found.refused) throw new Error(found.refused);
          sent.push(given);
        },
      },
    },
  });
  page.window.HTMLDialogElement.prototype.showModal = function show() {
    this.open = true;
  };
  page.window.HTMLDialogElement.prototype.close = () => {};
  Object.assign(page.window.navigator, { clipboard: { writeText: async (text) => sent.push(['copy', text]) } });
});
const click = async (id) => {
  page.byId(id).click();
  for (let turn = 0; turn < 4; turn += 1) await page.settle();
};
const press = async (label) => {
  page.document.querySelector(`dialog button[aria-label="${label}"]`).click();
  for (let turn = 0; turn < 4; turn += 1) await page.settle();
};
const text = () => page.document.querySelector('dialog')?.textContent;

test('a link is copied, and the dialog says how long it leads here and offers to keep it', async () => {
  await click('s');
  assert.deepEqual(sent[0], ['copy', 'http://localhost/obsv/trace/ab?span=1']);
  assert.match(text(), /Link copied.*in about 5 h/s);
  page.document.querySelector('dialog input[aria-label="Note"]').value = 'why';
  await press('Keep');
  assert.deepEqual(plain(sent.at(-1)), ['POST', 'kept', { trace_id: 'ab', note: 'why' }]);
  assert.equal(text(), undefined);
});

test('a selection of calls is asked for by its begin, and cannot be kept', async () => {
  await click('e');
  assert.equal(sent[1][1], 'lifetime');
  assert.match(sent[1][2].from, /^\d{4}-/);
  assert.equal(page.document.querySelector('dialog input[aria-label="Note"]'), null);
});

test('a kept trace can be let go', async () => {
  found = { kept_by: 'eva', text: 'Kept by eva' };
  await click('k');
  assert.match(text(), /^Retention of this trace.*Kept by eva/s);
  await press('Keep no longer');
  assert.deepEqual(sent.at(-1), ['DELETE', 'kept/ab']);
});

test('a refusal is shown in the dialog', async () => {
  found.refused = 'vic is a viewer';
  await click('k');
  await press('Keep');
  assert.match(text(), /vic is a viewer/);
});
