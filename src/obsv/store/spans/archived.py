"""Spans as an archive takes them: in order of arrival, with the mark of the machine that recorded them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.spans.stored import SPANS

CHUNK = 2_000


class ArchivedSpan(NamedTuple):
    """A span with all that the file knows of it; fields as of `StoredSpan`.

    Attributes:
        origin: mark of the machine whose recorder made it; empty: received, or not known.
        weight: how many calls it stands for; None for one, 0 for those that its values count.
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
    origin: str
    weight: int | None


_FROM = "\nfrom span s"
_SPANS = SPANS.replace(_FROM, f", o.origin, s.weight{_FROM}") + "where s.id > ? and s.id <= ? order by s.id limit ?"
_STARTS = "select id, start_ns from span where id > ? order by id limit ?"


def starts_after(reader: Readable, position: int) -> Iterator[tuple[int, int]]:
    """`id` and start (Unix time, ns) of the spans that arrived after one, in order of arrival.

    Raises:
        StoreError: see `Reader`.
    """
    while rows := reader.query(_STARTS, (position, CHUNK)):
        yield from ((row["id"], row["start_ns"]) for row in rows)
        position = rows[-1]["id"]


def spans_between(reader: Readable, after: int, last: int, size: int = CHUNK) -> Iterator[list[ArchivedSpan]]:
    """The spans whose `id` is greater than one and at most another, in order of arrival, some at a time.

    Raises:
        StoreError: see `Reader`.
    """
    while chunk := reader.query(_SPANS, (after, last, size)):
        spans = [ArchivedSpan._make(row) for row in chunk]
        yield spans
        after = spans[-1].id
