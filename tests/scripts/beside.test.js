// Values beside the spans: when there is room, and which rows are asked for.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { plain } from './load.js';
import { open } from './page.js';

let page;
let asked;
let shown; // rows in sight
let states;
let answer;

beforeEach(() => {
  [asked, states, shown] = [[], [], [0, 1, 2]];
  answer = (spans) => ({ spans: Object.fromEntries(spans.map((id) => [id, { inputs: `of ${id}`, outcome: '' }])) });
  const listeners = {};
  const api = {
    addEventListener: (kind, act) => {
      listeners[kind] = act;
    },
    applyColumnState: ({ state }) => states.push(state[0].hide),
    getDisplayedRowAtIndex: (at) => ({ data: { i: shown[at] } }),
    getFirstDisplayedRowIndex: () => 0,
    getLastDisplayedRowIndex: () => shown.length - 1,
    isDestroyed: () => false,
    refreshCells: () => {},
  };
  const view = { api, data: { trace_id: 't', span_id: ['a', 'b', 'c', 'd'], flags: [0, 1, 0, 0] } };
  page = open(['components/dom.js', 'trace/tree.js', 'trace/beside.js'], {
    globals: {
      obsvTrace: { view },
      obsvApi: {
        json: async (path, { spans }) => {
          asked.push([path, spans]);
          return answer(spans.split(','));
        },
      },
      ResizeObserver: class {
        observe() {}
        disconnect() {}
      },
      React: { createElement: (...given) => given },
      listeners,
    },
  });
  page.value('obsvBeside.begin()');
});
const fit = async (width) => {
  page.value(`obsvBeside.fit(${width})`);
  await page.clock.pass(200);
};
const scroll = async (rows) => {
  shown = rows;
  page.value('listeners.viewportChanged()');
  await page.clock.pass(200);
};
const cell = (row) => plain(page.window.dashAgGridComponentFunctions.TraceValues({ data: { i: row } }));

test('a narrow tree has no values, and asks for none', async () => {
  await fit(900);
  assert.deepEqual([states, asked], [[], []]);
});

test('a wide one asks once for the rows in sight', async () => {
  await fit(1300);
  await fit(1310);
  assert.deepEqual(states, [false]);
  assert.deepEqual(asked, [['traces/t/values', 'a,b,c']]);
  await scroll([2, 3]);
  assert.deepEqual(asked.slice(1), [['traces/t/values', 'd']]);
});

test('a panel that takes the room hides them; a hidden tree changes nothing', async () => {
  await fit(1300);
  await fit(0);
  await fit(900);
  assert.deepEqual(states, [false, true]);
});

test('what could not be read is asked for again', async () => {
  answer = () => {
    throw new Error('busy');
  };
  await fit(1300);
  answer = (spans) => ({ spans: Object.fromEntries(spans.map((id) => [id, { inputs: '', outcome: 'x' }])) });
  await scroll([0, 1, 2]);
  assert.equal(asked.length, 2);
  assert.equal(cell(0)[2][1][1].className, 'tv-outcome');
});

test('an exception is marked, and a row that is not known yet is empty', async () => {
  answer = (spans) => ({ spans: Object.fromEntries(spans.map((id) => [id, { inputs: 'n=1', outcome: 'E: no' }])) });
  assert.equal(cell(1), null);
  await fit(1300);
  assert.equal(cell(1)[2][1][1].className, 'tv-outcome tn-err');
});
