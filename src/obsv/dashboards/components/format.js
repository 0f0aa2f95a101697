// @ts-check
// Numbers and times as people read them, by the rules of clock.py; tests/scripts/formats.json holds both to them.
const obsvFormat = (() => {
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  /** @type {[number, string][]} */
  const TIMES = [
    [1, 'ns'],
    [1e3, 'µs'],
    [1e6, 'ms'],
    [1e9, 's'],
  ];

  /**
   * @param {number} value
   * @param {number} width
   */
  const pad = (value, width) => String(value).padStart(width, '0');

  /**
   * Halves upwards, as clock.py does it.
   * @param {number} value
   * @param {number} places
   */
  const fixed = (value, places) => (Math.floor(value * 10 ** places + 0.5) / 10 ** places).toFixed(places);

  /** Three digits; 1000 when it rounds to that. @param {number} value */
  const digits = (value) => fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);

  /** @param {number | null | undefined} ns */
  const duration = (ns) => {
    if (ns === null || ns === undefined) return '';
    if (ns < 1000) return `${Math.floor(ns)} ns`;
    for (const [size, unit] of TIMES) {
      if (unit !== 'ns' && unit !== 's' && ns / size < 999.5) return `${digits(ns / size)} ${unit}`;
    }
    if (ns < 59.95e9) return `${digits(ns / 1e9)} s`;
    const seconds = Math.floor(ns / 1e9 + 0.5);
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    return `${Math.floor(seconds / 3600).toLocaleString('en-US')} h ${Math.floor((seconds % 3600) / 60)} min`;
  };

  /** @param {number} value */
  const count = (value) => {
    if (value < 9999.5) return Number(fixed(value, 0)).toLocaleString('en-US');
    for (const [size, unit] of /** @type {[number, string][]} */ ([
      [1e3, 'k'],
      [1e6, 'M'],
    ])) {
      if (value / size < 999.5) return `${digits(value / size)} ${unit}`;
    }
    return `${digits(value / 1e9)} G`;
  };

  /** A number in full. @param {number} value */
  const exact = (value) => value.toLocaleString('en-US');

  /** `1 call`, `2,000 calls`. @param {number} value @param {string} noun */
  const counted = (value, noun) => `${exact(value)} ${noun}${value === 1 ? '' : 's'}`;

  /** A share of 0..1: two digits, and never 0 % or 100 % for what is not. @param {number} share */
  const percent = (share) => {
    const value = share * 100;
    if (value === 0) return '0 %';
    if (value < 0.01) return '<0.01 %';
    if (share < 1 && value >= 99.5) return '>99 %';
    return `${fixed(value, value < 0.095 ? 3 : value < 0.995 ? 2 : value < 9.95 ? 1 : 0)} %`;
  };

  /** How long ago, in ms. @param {number} ms */
  const ago = (ms) => {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    for (const [size, unit] of /** @type {[number, string][]} */ ([
      [86400, 'd'],
      [3600, 'h'],
      [60, 'min'],
      [1, 's'],
    ])) {
      if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
    }
    return 'now';
  };

  /**
   * A point on an axis: the unit is the axis's, and a round number stays round.
   * @param {number} ns
   * @param {number} length of the axis
   */
  const tick = (ns, length) => {
    const [size, unit] = TIMES.findLast(([each]) => length >= each) || TIMES[0];
    return `${Number((ns / size).toPrecision(12))} ${unit}`;
  };

  /** Unix time in ns as a Date; text where it is beyond a number. @param {string | number} ns */
  const dateOf = (ns) => new Date(Number(BigInt(ns) / 1000000n));

  /** `HH:MM:SS.mmm` of a Date, local. @param {Date} at */
  const clock = (at) =>
    `${pad(at.getHours(), 2)}:${pad(at.getMinutes(), 2)}:${pad(at.getSeconds(), 2)}.${pad(at.getMilliseconds(), 3)}`;

  /** Unix time in ns as `YYYY-MM-DD HH:MM:SS.mmm`, local. @param {string | number} ns */
  const localNs = (ns) => {
    const at = dateOf(ns);
    return `${at.getFullYear()}-${pad(at.getMonth() + 1, 2)}-${pad(at.getDate(), 2)} ${clock(at)}`;
  };

  /** @param {string | number} ns */
  const utcNs = (ns) => `${dateOf(ns).toISOString().replace('T', ' ').replace('Z', '')} UTC`;

  /**
   * `YYYY-MM-DD HH:MM:SS.ffffff`, UTC, as local time: the day only when it is another than today.
   * @param {string | null} ts
   * @param {Date} [now]
   */
  const localTs = (ts, now = new Date()) => {
    if (!ts) return '';
    const at = new Date(`${ts.slice(0, 10)}T${ts.slice(11, 23)}Z`);
    if (at.toDateString() === now.toDateString()) return clock(at);
    const day = `${MONTHS[at.getMonth()]} ${pad(at.getDate(), 2)}`;
    return at.getFullYear() === now.getFullYear() ? `${day} ${clock(at)}` : `${at.getFullYear()} ${day} ${clock(at)}`;
  };

  /**
   * Local text of a field, `YYYY-MM-DD HH:MM:SS`, as an instant in UTC; null when it is none.
   * @param {string | null} local
   */
  const utcOf = (local) => {
    if (!local) return null;
    const at = new Date(local.replace(' ', 'T'));
    return Number.isNaN(at.getTime()) ? null : at.toISOString();
  };

  return { ago, count, counted, duration, exact, localNs, localTs, percent, tick, utcNs, utcOf };
})();
