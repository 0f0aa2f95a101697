// @ts-check
// Rows of the explorer's grid: calls to rows, pages and the live tail merged, what is let go. The server gives cursors.
/**
 * @typedef {{ name: string, data_type: string, text: string, cut?: boolean }} ListedValue
 * @typedef {{ id: number, cursor: string, ts: string, duration_ns: number, process: string, status: string,
 *   exception: string | null, trace_id: string, span_id: string, values: ListedValue[] }} ListedCall
 * @typedef {{ key: string, first: boolean, fresh: boolean, cursor: string, process: string, data: string,
 *   data_type: string, data_value: string, ts: string, duration_ns: number, status: string,
 *   exception: string | null, trace_id: string, span_id: string, named?: string[] }} Row
 */
const obsvRows = (() => {
  /**
   * One row a value; the first of a call carries what belongs to the call.
   * @param {ListedCall} call
   * @param {boolean} fresh
   * @returns {Row[]}
   */
  const of = (call, fresh) => {
    const values = call.values.length ? call.values : [{ name: '', data_type: '', text: '' }];
    return values.map((value, at) => ({
      key: `${call.id}:${at}`,
      first: at === 0,
      fresh,
      cursor: call.cursor,
      process: call.process,
      data: value.name,
      data_type: value.data_type,
      data_value: value.cut ? `${value.text}…` : value.text,
      ts: call.ts,
      duration_ns: call.duration_ns,
      status: call.status,
      exception: call.exception,
      trace_id: call.trace_id,
      span_id: call.span_id,
    }));
  };

  /**
   * One row a call, with the values that have a column, in their order.
   * @param {ListedCall} call
   * @param {boolean} fresh
   * @param {string[]} names
   */
  const whole = (call, fresh, names) => {
    const [row] = of({ ...call, values: call.values.slice(0, 1) }, fresh);
    const text = (/** @type {ListedValue} */ value) => (value.cut ? `${value.text}…` : value.text);
    const named = names.map((name) =>
      call.values
        .filter((value) => value.name === name)
        .map(text)
        .join(', '),
    );
    const all = call.values.map((value) => `${value.name}=${text(value)}`).join('  ');
    return { ...row, data: '', data_type: '', data_value: all, named };
  };

  /** @param {Row[]} rows */
  const calls = (rows) => rows.filter((row) => row.first).length;

  /**
   * The tail and the pages overlap; no row comes twice.
   * @param {ListedCall[]} found
   * @param {boolean} fresh
   * @param {(key: string) => unknown} known
   * @param {string[] | null} [names] of the columns where a row is a call
   */
  const unseen = (found, fresh, known, names = null) =>
    found.flatMap((call) => (names ? [whole(call, fresh, names)] : of(call, fresh))).filter((row) => !known(row.key));

  /**
   * Where a list is cut so that at most `most` rows and only whole calls stay.
   * @param {number} most
   * @param {(at: number) => Row} row
   */
  const cut = (most, row) => {
    let end = most;
    while (end > 0 && !row(end).first) end -= 1;
    return end;
  };

  /**
   * Where to read on when these rows, the last ones, are let go. Live calls stand in the order in which they ended, so
   * the one that started last tells.
   * @param {Row[]} gone
   */
  const resume = (gone) => gone.reduce((one, other) => (other.ts > one.ts ? other : one)).cursor;

  /**
   * Column widths that the user has changed, as `process:320,data:90`.
   * @param {string | null} text
   */
  const widths = (text) =>
    (text || '')
      .split(',')
      .map((part) => part.split(':'))
      .filter((pair) => pair.length === 2 && Number(pair[1]) > 30)
      .map(([colId, width]) => ({ colId, width: Math.min(2000, Number(width)), flex: null }));

  /**
   * The same with one column set.
   * @param {string | null} text
   * @param {string} colId
   * @param {number} width
   */
  const widened = (text, colId, width) => {
    const kept = Object.fromEntries(widths(text).map((each) => [each.colId, each.width]));
    kept[colId] = Math.round(width);
    return Object.entries(kept)
      .map((pair) => pair.join(':'))
      .join(',');
  };

  return { calls, cut, of, resume, unseen, whole, widened, widths };
})();
