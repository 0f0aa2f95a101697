// Text for cells and figures in the browser: local time with UTC beside it, durations. The rules are those of clock.py.

(function (functions, shared) {
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const pad = (value, width) => String(value).padStart(width, '0');
  const digits = (value) => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0));

  // `YYYY-MM-DD HH:MM:SS.ffffff`, UTC.
  shared.parseTs = (ts) => new Date(`${ts.slice(0, 10)}T${ts.slice(11, 23)}Z`);

  shared.localTime = function (ts) {
    if (!ts) return '';
    const at = shared.parseTs(ts);
    const now = new Date();
    const clock = `${pad(at.getHours(), 2)}:${pad(at.getMinutes(), 2)}:${pad(at.getSeconds(), 2)}.${pad(at.getMilliseconds(), 3)}`;
    if (at.toDateString() === now.toDateString()) return clock;
    const day = `${MONTHS[at.getMonth()]} ${pad(at.getDate(), 2)}`;
    return at.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${at.getFullYear()} ${day} ${clock}`;
  };

  shared.duration = function (ns) {
    if (ns === null || ns === undefined) return '';
    for (const [size, unit] of [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs']]) {
      if (ns >= size) {
        if (ns < 60e9) return `${digits(ns / size)} ${unit}`;
        const seconds = Math.floor(ns / 1e9);
        return seconds < 3600
          ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
          : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
      }
    }
    return `${Math.floor(ns)} ns`;
  };

  functions.localTime = shared.localTime;
  functions.utcTime = (ts) => (ts ? `${ts} UTC` : '');
  functions.shortDuration = shared.duration;
  functions.firstLine = (text) => (text ? text.split('\n', 1)[0] : '');
  // Rows come in the order that was asked for; the grid must not sort them again.
  functions.keepOrder = () => 0;
})(window.dashAgGridFunctions, window.obsv);
