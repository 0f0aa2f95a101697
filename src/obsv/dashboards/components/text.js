// Figures, elements whose text is always text, what the API says, the clipboard. Durations are in format.js.

(function (shared) {
  // A point on an axis: the unit is the axis's, and a round number stays round.
  shared.tick = function (ns, length) {
    const [size, unit] = length >= 1e9 ? [1e9, 's'] : length >= 1e6 ? [1e6, 'ms'] : length >= 1e3 ? [1e3, 'µs'] : [1, 'ns'];
    return `${Number((ns / size).toPrecision(12))} ${unit}`;
  };

  shared.count = (value) => value.toLocaleString('en-US');

  shared.percent = function (share) {
    const value = share * 100;
    return value === 0 ? '0 %' : value < 1 ? '<1 %' : `${Math.round(value)} %`;
  };

  // Unix time in ns, as text since it is beyond a number, to a Date and the digits below ms.
  shared.instant = function (ns) {
    const whole = BigInt(ns);
    return { date: new Date(Number(whole / 1000000n)), micro: Number((whole / 1000n) % 1000n) };
  };

  const two = (number) => String(number).padStart(2, '0');
  shared.localNs = function (ns) {
    const { date } = shared.instant(ns);
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  };
  shared.utcNs = (ns) => `${shared.instant(ns).date.toISOString().replace('T', ' ').replace('Z', '')} UTC`;

  // An element: attributes, then children; a string child becomes a text node, never markup.
  shared.el = function (tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };

  shared.notice = function (text, kind) {
    window.dash_clientside.set_props('notice', { data: { text, kind: kind || 'plain' } });
  };

  // What an API endpoint says; its own words when it fails.
  shared.get = async function (path) {
    const answer = await fetch(path, { headers: { accept: 'application/json' } });
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || `The server answered ${answer.status}.`);
  };

  shared.copy = async function (text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      // Without TLS there is no clipboard but this.
      const field = shared.el('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand('copy');
      field.remove();
    }
  };
})(window.obsv);
