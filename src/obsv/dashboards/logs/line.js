// @ts-check
// What is shown of a log record, as `/api/v1/logs` gives it.
/**
 * @typedef {{ id: number, ts: string, time_ns: number, severity: string, severity_number: number, severity_text: string,
 *   event_name: string, body: unknown, attributes: Record<string, unknown>, trace_id: string, span_id: string,
 *   process: string, service: string, logger: string, thread: string }} LogRecord
 */
const obsvLogLine = (() => {
  // OpenTelemetry's SeverityNumber: 13 to 16 is WARN, from 17 on ERROR and FATAL.
  const WARN = 13;
  const ERROR = 17;

  /** @param {number} severity */
  const kind = (severity) => (severity >= ERROR ? 'err' : severity >= WARN ? 'stale' : 'plain');

  /** @param {unknown} value */
  const text = (value) => {
    if (value === null || value === undefined) return '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  };

  /** One line: the event's name, and what was said. @param {LogRecord} record */
  const said = (record) => {
    const words = text(record.body).split('\n', 1)[0];
    return [record.event_name, words].filter(Boolean).join(': ') || record.logger || '(empty)';
  };

  /** The fields of one line, after what was said: `order=7 reason="no stock"`. @param {LogRecord} record */
  const fields = (record) =>
    Object.entries(record.attributes)
      .filter(([name]) => !name.startsWith('code.') && !name.startsWith('exception.'))
      .map(([name, value]) => `${name}=${typeof value === 'string' ? JSON.stringify(value) : text(value)}`)
      .join(' ');

  /** Names and texts of all that a record holds. @param {LogRecord} record */
  const parts = (record) => {
    const known = [
      ['body', text(record.body)],
      ...Object.entries(record.attributes).map(([name, value]) => [name, text(value)]),
      ['severity', record.severity_text === record.severity ? '' : record.severity_text],
      ['service', record.service],
      ['logger', record.logger],
      ['function', record.process],
      ['thread', record.thread],
    ];
    return known.filter(([, value]) => value !== '');
  };

  /** Path of the trace in which a record was made; null outside any. @param {LogRecord} record */
  const trace = (record) =>
    record.trace_id ? `/trace/${record.trace_id}${record.span_id ? `?span=${record.span_id}` : ''}` : null;

  return { fields, kind, parts, said, text, trace };
})();
