// State in the address: entries set, Back, what travels from page to page.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { load, plain } from './load.js';

let page;
let address;

/** A window with a history, as far as address.js uses one. */
const makePage = (start) => {
  const entries = [{ url: start, state: null }];
  const made = {
    at: 0,
    entries,
    props: {},
    events: 0,
    location: new URL(start, 'http://localhost'),
    move(by) {
      made.at += by;
      made.location.href = new URL(entries[made.at].url, 'http://localhost').href;
    },
  };
  const write = (state, url) => {
    entries[made.at] = { url, state };
    made.location.href = new URL(url, 'http://localhost').href;
  };
  made.history = {
    get state() {
      return entries[made.at].state;
    },
    pushState(state, _, url) {
      made.at += 1;
      entries.length = made.at;
      write(state, url);
    },
    replaceState: (state, _, url) => write(state, url),
    back: () => made.move(-1),
  };
  return made;
};

const loadOn = (start, root = '') => {
  page = makePage(start);
  address = load(['shell/root.js', 'shell/address.js'], 'obsvAddress', {
    location: page.location,
    history: page.history,
    CustomEvent: class {},
    dispatchEvent: () => {
      page.events += 1;
    },
    document: {
      documentElement: { dataset: { root } },
      querySelectorAll: () =>
        ['/', '/explorer', '/code'].map((path) => ({ id: path, href: `http://localhost${root}${path}` })),
    },
    dash_clientside: {
      set_props: (id, props) => {
        page.props[id] = props;
      },
    },
  });
  address.moved();
};

beforeEach(() => loadOn('/explorer?range=1h'));

test('entries are set and removed', () => {
  const href = 'http://localhost/explorer?range=1h&status=ERR#x';
  assert.equal(address.merged(href, { status: null, q: 'a b', max_ms: 0 }), '/explorer?range=1h&q=a+b&max_ms=0#x');
  assert.equal(address.merged(href, { status: '', range: undefined }), '/explorer#x');
});

test('a change without an entry replaces, with one it can be undone', () => {
  address.set({ cols: 'a:90' });
  assert.equal(page.entries.length, 1);
  address.set({ status: 'ERR' }, 'push');
  assert.equal(page.entries.length, 2);
  assert.equal(page.location.search, '?range=1h&cols=a%3A90&status=ERR');
  assert.equal(page.events, 2, 'dcc.Location is told');
});

test('what the page set itself needs no page', () => {
  address.set({ status: 'ERR' }, 'push');
  assert.equal(address.moved(), false);
});

test('the same again is no change', () => {
  address.set({ range: '1h' }, 'push');
  assert.equal(page.entries.length, 1);
  assert.equal(page.events, 0);
});

test('Back shows the page anew', () => {
  address.set({ status: 'ERR' }, 'push');
  page.move(-1);
  assert.equal(address.moved(), true);
  assert.equal(address.moved(), false, 'once');
});

test('a page undoes by itself what it said it would, and nothing else', () => {
  const undone = [];
  address.undo(['call'], (query) => undone.push(query.get('call')));
  address.set({ call: 'a.b' }, 'push');
  page.move(-1);
  assert.equal(address.moved(), false);
  page.move(1);
  assert.equal(address.moved(), false);
  assert.deepEqual(plain(undone), [null, 'a.b']);
  address.set({ call: null, status: 'ERR' }, 'push');
  page.move(-1);
  assert.equal(address.moved(), true);
});

test('closing goes back to where opening began', () => {
  address.set({ call: 'a.b' }, 'push');
  address.close(['call']);
  assert.equal(page.at, 0);
  assert.equal(page.location.search, '?range=1h');
});

test('closing what a link opened stays in its entry', () => {
  loadOn('/explorer?call=a.b');
  address.close(['call']);
  assert.equal(page.at, 0);
  assert.equal(page.location.search, '');
  address.close(['call']);
  assert.equal(page.events, 1, 'once');
});

test('an address that is another page’s already is left alone', () => {
  page.history.pushState(null, '', '/code');
  address.set({ status: 'ERR' });
  assert.equal(page.location.search, '');
});

test('the time and the function travel, filters are found again', () => {
  address.set({ status: 'ERR', process: 'shop.sell', call: 'a.b' }, 'push');
  assert.equal(page.props['/'].href, '/?range=1h');
  assert.equal(page.props['/code'].href, '/code?range=1h&process=shop.sell');
  page.history.pushState(null, '', '/?range=6h');
  address.moved();
  assert.equal(page.props['/explorer'].href, '/explorer?range=6h&process=shop.sell&status=ERR');
});

test('a filter that is cleared does not travel', () => {
  address.set({ process: 'shop.sell' });
  address.set({ process: null });
  assert.equal(page.props['/code'].href, '/code?range=1h');
});

test('a trace has neither a time nor a filter to pass on', () => {
  page.history.pushState(null, '', '/trace/ab?span=1');
  address.moved();
  assert.equal(page.props['/'].href, '/?range=1h');
});

test('two pages have no difference, one page has that of its entries', () => {
  assert.equal(address.difference('/a?x=1', '/b?x=1'), null);
  assert.deepEqual(plain(address.difference('/a?x=1&y=2&z=3', '/a?x=1&y=3&w=4')), ['y', 'z', 'w']);
});

test('below a root path the function still travels between its pages only', () => {
  loadOn('/obsv/explorer?range=6h&process=pay', '/obsv');
  assert.equal(page.props['/code'].href, '/obsv/code?range=6h&process=pay');
  assert.equal(page.props['/'].href, '/obsv/?range=6h');
});
