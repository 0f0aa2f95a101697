"""Complete spans from the file with all stored data, for forwarding, export and raw display."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from obsv.store.file import Readable
from obsv.times import MAX_NS, ts

CHUNK = 1_000


class StoredSpan(NamedTuple):
    """One stored span; see `SpanRow` for the meaning of the parts.

    Args:
        id: order of arrival.
        fields: JSON: `[[name, "INPUT" | "OUTPUT"], …]`.
        data: JSON array, one value per field.
        thread_id: the system's thread ID, semantic convention `thread.id`.
        resource, scope: OTLP JSON.
    """

    id: int
    ts: str
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes | None
    start_ns: int
    duration_ns: int
    status: int
    depth: int
    data: str
    cpu_ns: int | None
    memory_bytes: int | None
    exception: str | None
    detail: str | None
    name: str
    service: str
    process_group: str
    kind: int
    feed: str | None
    fields: str
    file_path: str | None
    line_number: int | None
    source_text: str | None
    thread_id: int | None
    thread_name: str | None
    resource: str
    scope: str


# CROSS JOIN fixes the order: spans first, by the index that the condition names.
SPANS = """
select s.id, s.ts, s.trace_id, s.span_id, s.parent_span_id, s.start_ns, s.duration_ns, s.status, s.depth, s.data,
  s.cpu_ns, s.memory_bytes, s.exception, s.detail, p.name, p.service, p.process_group, p.kind, p.feed, g.fields,
  c.file_path, c.line_number, c.source_text, t.thread_id, t.name, o.resource, o.scope
from span s
  cross join process p on p.id = s.process_id
  cross join signature g on g.id = s.signature_id
  cross join source o on o.id = s.source_id
  left join code c on c.id = g.code_id
  left join thread t on t.id = s.thread_id
"""
_OF_TRACE = SPANS + "where s.trace = ? and s.span_id > ? order by s.span_id limit ?"
_BY_ARRIVAL = SPANS + "where s.id > ? order by s.id limit ?"
_COUNTED = """
select (select calls from tally where name = 'deleted') + (select count(*) from span where id <= ?) as calls
"""
_IN_ORDER = SPANS + "where (s.ts, s.id) > (?, ?) and s.ts < ? order by s.ts, s.id limit ?"


def spans_of_trace(reader: Readable, trace_id: str) -> list[StoredSpan]:
    """Return all spans of a trace, in order of start.

    Args:
        reader: reader of the store.
        trace_id: 32 hex digits, lower-case.

    Raises:
        StoreError: see `Reader`.
    """
    found: list[StoredSpan] = []
    while chunk := reader.query(_OF_TRACE, (trace_id, found[-1].span_id if found else b"", CHUNK)):
        found += map(StoredSpan._make, chunk)
    return sorted(found, key=lambda span: (span.start_ns, span.id))


def spans_since(
    reader: Readable, since_ns: int = 0, until_ns: int = MAX_NS, size: int = CHUNK
) -> Iterator[list[StoredSpan]]:
    """Yield the spans that started in a time range, oldest first, in batches.

    Args:
        reader: reader of the store.
        since_ns: start of the range, Unix time, inclusive, to the microsecond.
        until_ns: end of the range, Unix time, exclusive.
        size: maximum size of a batch.

    Raises:
        StoreError: see `Reader`.
    """
    place, end = (ts(since_ns), 0), ts(until_ns)
    while chunk := reader.query(_IN_ORDER, (*place, end, size)):
        spans = [StoredSpan._make(row) for row in chunk]
        yield spans
        place = (spans[-1].ts, spans[-1].id)


def spans_after(reader: Readable, position: int, size: int = CHUNK) -> list[StoredSpan]:
    """Return the spans that arrived after a span, in order of arrival.

    Args:
        reader: reader of the store.
        position: `id` of the last known span; 0 starts with the first stored one.
        size: maximum number of spans.

    Raises:
        StoreError: see `Reader`.
    """
    return [StoredSpan._make(row) for row in reader.query(_BY_ARRIVAL, (position, size))]


def counted_until(reader: Readable, position: int) -> int:
    """Count the spans that arrived up to a span, including those deleted since the store was created.

    Args:
        reader: reader of the store.
        position: `id` of the span.

    Raises:
        StoreError: see `Reader`.
    """
    return int(reader.query(_COUNTED, (position,))[0]["calls"])
