"""Spans for the archive: in order of arrival, with the mark of the machine that recorded them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.spans.stored import SPANS, StoredSpan

CHUNK = 2_000


class ArchivedSpan(NamedTuple):
    """A span with the additional data that a separate store needs.

    Attributes:
        span: the span.
        origin: mark of the machine that recorded it; empty if received or unknown.
        weight: number of calls that it stands for; None for one, 0 for counted calls in its values.
    """

    span: StoredSpan
    origin: str
    weight: int | None


_FROM = "\nfrom span s"
_SPANS = SPANS.replace(_FROM, f", o.origin, s.weight{_FROM}") + "where s.id > ? and s.id <= ? order by s.id limit ?"
_WIDTH = len(StoredSpan._fields)
_STARTS = "select id, start_ns from span where id > ? order by id limit ?"


def starts_after(reader: Readable, position: int) -> Iterator[tuple[int, int]]:
    """Yield `id` and start (Unix time, ns) of the spans that arrived after a span, in order of arrival.

    Raises:
        StoreError: see `Reader`.
    """
    while rows := reader.query(_STARTS, (position, CHUNK)):
        yield from ((row["id"], row["start_ns"]) for row in rows)
        position = rows[-1]["id"]


def spans_between(reader: Readable, after: int, last: int, size: int = CHUNK) -> Iterator[list[ArchivedSpan]]:
    """Yield the spans with `id` > `after` and <= `last`, in order of arrival, in batches.

    Raises:
        StoreError: see `Reader`.
    """
    while chunk := reader.query(_SPANS, (after, last, size)):
        spans = [ArchivedSpan(StoredSpan._make(row[:_WIDTH]), row["origin"], row["weight"]) for row in chunk]
        yield spans
        after = spans[-1].span.id
