"""Log records of a store: pages of them, and what is new."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.store.file import Readable, Row
from obsv.store.ground import Cursor, Window

MOST_LINES = 1_000
MOST_TEXT = 200

_COLUMNS = """
l.id, l.ts, l.time_ns, l.severity, l.severity_text, l.event_name, l.body, l.attributes, l.trace as trace_id,
lower(hex(l.span_id)) as span_id, l.process, coalesce(s.service, '') as service,
coalesce(iif(json_valid(s.scope), json_extract(s.scope, '$.name'), ''), '') as logger, l.thread
"""
_FROM = "from log_record l left join source s on s.id = l.source_id"
HAS_LOGS = "select 1 from sqlite_schema where type = 'table' and name = 'log_record'"
_TS = (
    "strftime('%Y-%m-%d %H:%M:%S', :{0} / 1000000000, 'unixepoch') || '.' || substr(:{0} / 1000 % 1000000 + 1000000, 2)"
)


class LogFilters(NamedTuple):
    """Filters of log records; None and empty values match all.

    Args:
        severity: the least SeverityNumber, 1 to 24.
        event: name of the event.
        process: the recorded call in which they were made.
        service: `service.name`.
        trace_id, span_id: hex.
        text: contained in the body, the attributes or the event's name, in any case.
    """

    severity: int | None = None
    event: str | None = None
    process: str | None = None
    service: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    text: str | None = None


class LogLine(NamedTuple):
    """A log record.

    Attributes:
        id: order of arrival.
        ts: UTC, `YYYY-MM-DD HH:MM:SS.ffffff`; `time_ns` is the same as Unix time.
        severity: SeverityNumber; 0 where none was given.
        severity_text: the sender's own word.
        event_name: empty for a plain log record.
        body, attributes: JSON text.
        trace_id, span_id: hex; empty outside any.
        process, service, logger, thread: empty where not known.
    """

    id: int
    ts: str
    time_ns: int
    severity: int
    severity_text: str
    event_name: str
    body: str
    attributes: str
    trace_id: str
    span_id: str
    process: str
    service: str
    logger: str
    thread: str


class Logs(NamedTuple):
    """A page of log records, newest first. `cursor` names the next one; None on the last."""

    lines: list[LogLine]
    cursor: str | None


class NewLogs(NamedTuple):
    """New records, in order of arrival. `last_id` is where to continue, `more` whether there are more."""

    lines: list[LogLine]
    last_id: int
    more: bool


def read_logs(
    reader: Readable, filters: LogFilters, window: Window, cursor: str | None = None, limit: int = 100
) -> Logs:
    """Read a page of log records, newest first.

    Args:
        window: of their times.
        cursor: of the page before; None for the first page.
        limit: of lines.

    Raises:
        InvalidQuery: the cursor is none.
    """
    if not reader.query(HAS_LOGS):
        return Logs([], None)
    params: dict[str, Any] = {"start": window.range.first_ns, "end": window.range.last_ns, "limit": limit + 1}
    conditions = [f"l.ts >= {_TS.format('start')}", f"l.ts <= {_TS.format('end')}"]
    if cursor is not None:
        params["time"], params["id"] = Cursor.parse(cursor)
        conditions.append(f"(l.ts, l.id) < ({_TS.format('time')}, :id)")
    conditions += _conditions(filters, params)
    found = reader.query(_select(conditions, "l.ts desc, l.id desc"), params)
    lines = [_line(row) for row in found[:limit]]
    return Logs(lines, str(Cursor(lines[-1].time_ns, lines[-1].id)) if len(found) > limit else None)


def read_new_logs(reader: Readable, filters: LogFilters, after: int, limit: int = MOST_LINES) -> NewLogs:
    """Read what arrived after a record.

    Args:
        after: its id; -1 reads nothing and only says where to begin.
    """
    if not reader.query(HAS_LOGS):
        return NewLogs([], 0, False)
    (last,) = reader.query("select coalesce(max(id), 0) from log_record")[0]
    if after < 0 or last <= after:
        return NewLogs([], max(last, 0), False)
    params: dict[str, Any] = {"after": after, "last": last, "limit": limit + 1}
    conditions = ["l.id > :after", "l.id <= :last", *(f"+{each}" for each in _conditions(filters, params))]
    found = reader.query(_select(conditions, "l.id"), params)
    lines = [_line(row) for row in found[:limit]]
    more = len(found) > limit
    return NewLogs(lines, lines[-1].id if more else int(last), more)


def _select(conditions: list[str], order: str) -> str:
    return f"select {_COLUMNS} {_FROM} where {' and '.join(conditions)} order by {order} limit :limit"


def _conditions(filters: LogFilters, params: dict[str, Any]) -> list[str]:
    found = []
    if filters.severity is not None:
        params["severity"] = filters.severity
        # The index of errors holds for errors alone.
        found.append("l.severity >= :severity" + (" and l.severity >= 17" if filters.severity >= 17 else ""))
    for name, column, given in (
        ("event", "l.event_name", filters.event),
        ("process", "l.process", filters.process),
        ("trace_id", "l.trace", filters.trace_id and filters.trace_id.lower()),
        ("service", "s.service", filters.service),
    ):
        if given:
            params[name] = given
            empty = "x''" if name == "trace_id" else "''"
            partial = {"event": "l.event_name", "process": "l.process", "trace_id": "l.trace_id"}.get(name)
            found.append(f"{column} = :{name}" + (f" and {partial} <> {empty}" if partial else ""))
    if filters.span_id:
        params["span_id"] = filters.span_id.lower()
        found.append("lower(hex(l.span_id)) = :span_id")
    if filters.text:
        params["text"] = filters.text[:MOST_TEXT].lower()
        found.append("instr(lower(l.body || ' ' || l.attributes || ' ' || l.event_name), :text) > 0")
    return found


def _line(row: Row) -> LogLine:
    return LogLine(*row)
