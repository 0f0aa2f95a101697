"""Log records for the archive: in order of arrival, with the mark of the machine that recorded them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import LogRow, Source, machine_mark

CHUNK = 2_000


class ArchivedLog(NamedTuple):
    """A log record, its `id`, and the mark of its machine; empty if it was received or is not known."""

    id: int
    row: LogRow
    origin: str


_STARTS = "select id, time_ns from log_record where id > ? order by id limit ?"
_LOGS = """
select l.id, l.time_ns, l.severity, l.severity_text, l.event_name, l.body, l.attributes, l.trace_id, l.span_id,
  l.process, l.thread, coalesce(s.service, ''), coalesce(s.resource, '{}'), coalesce(s.scope, '{}'),
  coalesce(s.origin, '')
from log_record l left join source s on s.id = l.source_id where l.id > ? and l.id <= ? order by l.id limit ?
"""


def log_starts_after(reader: Readable, position: int) -> Iterator[tuple[int, int]]:
    """Yield `id` and time (Unix time, ns) of the log records that arrived after one, in order of arrival.

    Raises:
        StoreError: see `Reader`.
    """
    while rows := reader.query(_STARTS, (position, CHUNK)):
        yield from ((row["id"], row["time_ns"]) for row in rows)
        position = rows[-1]["id"]


def logs_between(reader: Readable, after: int, last: int, size: int = CHUNK) -> Iterator[list[ArchivedLog]]:
    """Yield the log records with `id` > `after` and <= `last`, in order of arrival, in batches.

    Raises:
        StoreError: see `Reader`.
    """
    own = machine_mark()
    while rows := reader.query(_LOGS, (after, last, size)):
        found = []
        for number, *values, service, resource, scope, origin in map(tuple, rows):
            source = Source(service, resource, scope, received=origin != own)
            found.append(ArchivedLog(number, LogRow(source, *values), origin))
        yield found
        after = found[-1].id
