// The page of log records: loading, paging, live, and a question that was answered too late.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { open } from './page.js';

const HTML = `<button id="logs-live"><i class="icon"></i><span>Live</span></button><div id="logs-lines"></div>
  <div id="logs-none" hidden></div><span id="logs-status"></span><button id="logs-more" hidden></button>`;
const SCRIPTS = [
  ...['shell/root.js', 'components/dom.js', 'components/format.js', 'shell/address.js'],
  ...['controls/live.js', 'logs/line.js', 'logs/logs.js'],
];
const record = (id, more = {}) => ({
  ...{ id, ts: '2026-11-20 14:13:20.000000', severity: 'INFO', severity_number: 9, severity_text: 'INFO' },
  ...{ event_name: `tick.${id}`, body: null, attributes: {}, trace_id: '', span_id: '', process: '', service: '' },
  ...{ logger: '', thread: '', ...more },
});
let page;
let asked;
let answers;
const shown = () => Array.from(page.document.querySelectorAll('.log-said'), (each) => each.textContent);
const load = (filters = {}) => {
  const { q = '', severity = '', event = '', process = null, service = null } = filters;
  page.callbacks.logsLoad(q, severity, event, process, service, { range: '1h' });
  return page.settle();
};

beforeEach(() => {
  asked = [];
  answers = { 'logs/tail': [{ logs: [], last_id: 3, more: false }], logs: [{ logs: [], cursor: null }] };
  const json = async (path, query) => {
    asked.push([path, query]);
    const answer = answers[path].length > 1 ? answers[path].shift() : answers[path][0];
    return typeof answer === 'function' ? answer() : answer;
  };
  page = open(SCRIPTS, { html: HTML, url: 'http://localhost/logs', globals: { obsvApi: { json } } });
  page.value('obsvAddress').moved();
});

test('the newest lines come first, and the tail goes on where they were read', async () => {
  answers.logs = [{ logs: [record(3), record(2)], cursor: 'x' }];
  await load({ severity: 'WARN' });
  assert.deepEqual(shown(), ['tick.3', 'tick.2']);
  assert.equal(page.window.location.search, '?severity=WARN');
  assert.equal(page.byId('logs-more').hidden, false);
  assert.equal(page.byId('logs-status').textContent, '2 records');
  assert.equal(asked[1][1].severity, 'WARN');
});

test('older lines follow; at the end there is nothing to ask for', async () => {
  answers.logs = [
    { logs: [record(3)], cursor: 'x' },
    { logs: [record(1)], cursor: null },
  ];
  await load();
  page.callbacks.logsMore(1);
  await page.settle();
  assert.deepEqual(shown(), ['tick.3', 'tick.1']);
  assert.equal(asked.at(-1)[1].cursor, 'x');
  assert.equal(page.byId('logs-more').hidden, true);
  assert.match(page.byId('logs-status').textContent, /that is all/);
  page.callbacks.logsMore(2);
  await page.settle();
  assert.equal(asked.length, 3);
});

test('new lines go above while it is live, until there are no more of them', async () => {
  answers.logs = [{ logs: [record(3)], cursor: null }];
  answers['logs/tail'] = [
    { logs: [], last_id: 3, more: false },
    { logs: [record(4), record(5)], last_id: 5, more: true },
    { logs: [record(6)], last_id: 6, more: false },
  ];
  await load();
  page.callbacks.logsTail();
  await page.settle();
  assert.deepEqual(shown(), ['tick.3']);
  assert.equal(page.callbacks.logsLive(1), 'true');
  await page.settle();
  assert.deepEqual(shown(), ['tick.6', 'tick.5', 'tick.4', 'tick.3']);
  assert.deepEqual([asked.at(-2)[1].after, asked.at(-1)[1].after], [3, 5]);
  assert.match(page.window.location.search, /live=1/);
  assert.equal(page.byId('logs-live').getAttribute('aria-pressed'), 'true');
});

test('an answer to an earlier question is dropped', async () => {
  let late;
  answers.logs = [
    new Promise((resolve) => {
      late = resolve;
    }),
    { logs: [record(9)], cursor: null },
  ];
  await load({ q: 'first' });
  await load({ q: 'second' });
  late({ logs: [record(1)], cursor: null });
  await page.settle();
  assert.deepEqual(shown(), ['tick.9']);
});

test('a failure is told, and the lines of another question are gone', async () => {
  const fail = () => {
    throw new page.window.Error('<i>no</i>');
  };
  answers.logs = [{ logs: [record(3)], cursor: 'x' }, fail];
  await load();
  await load({ q: 'x' });
  assert.deepEqual(shown(), []);
  assert.match(page.byId('logs-none').textContent, /Could not read the records<i>no<\/i>/);
  assert.equal(page.byId('logs-more').hidden, true);
});

test('a line opens to its fields as text, and a click on a name is a filter', async () => {
  const attributes = { html: '<img src=x>' };
  answers.logs = [{ logs: [record(3, { attributes, trace_id: 'ab', span_id: 'cd', service: 'shop' })], cursor: null }];
  await load();
  const line = page.document.querySelector('details');
  line.open = true;
  line.dispatchEvent(new page.window.Event('toggle'));
  line.dispatchEvent(new page.window.Event('toggle'));
  assert.equal(line.querySelectorAll('.log-more').length, 1);
  assert.equal(line.querySelector('img'), null);
  assert.equal(line.querySelector('a').getAttribute('href'), '/trace/ab?span=cd');
  line.querySelector('button').click();
  assert.deepEqual(JSON.parse(JSON.stringify(page.set.at(-1))), ['logs-event', { value: 'tick.3' }]);
});

test('clear takes every filter, a page that is new none', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(page.callbacks.logsClear(1))), ['', '', '', null, null]);
  assert.equal(page.callbacks.logsClear(0)[0], 'no update');
});
