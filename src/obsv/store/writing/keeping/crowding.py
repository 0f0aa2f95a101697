"""Limits on the names, shapes of values, sources and threads in one file.

A sender that writes an ID into each name would otherwise fill the file, every table of functions, and readers' memory.

What comes beyond is stored all the same, as calls of one function, `(other names)`; the name and the values that it
came with are its values. Its count says how many there were.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from obsv.store.ground import RECEIVED, LogRow, PointRow, Signature, Source, SpanRow, machine_mark
from obsv.store.writing.interning import Missing, Thread, code_digest, fields_digest

OTHER_NAMES = "(other names)"
OTHER = Signature("(other)", OTHER_NAMES, "(other)", 1, (("name", "INPUT"), ("service", "INPUT"), ("values", "INPUT")))
# A name takes 600 bytes of the file, and 100 more in each minute in which it is called.
MOST, LEAST = 20_000, 200
_BYTES_EACH = 4_096


class _Kept(NamedTuple):
    """One table of shared rows: `exists` is true of the key of one that is there."""

    how_many: str
    exists: str


_PROCESS = "p.name = ?1 and p.service = ?2 and p.process_group = ?3 and p.kind = ?4"
_NAMES = _Kept("select count(*) from process", f"select 1 from process p where {_PROCESS}")
_SHAPES = _Kept(
    "select count(*) from signature",
    # Each step finds its row by a unique index: a process may have ten thousands of shapes.
    f"""select 1 from process p cross join signature g on g.process_id = p.id and g.digest = ?5 and g.code_id =
    case when ?6 = x'' then 0 else (select c.id from code c where c.process_id = p.id and c.digest = ?6) end
    where {_PROCESS}""",
)
_SOURCES = _Kept(
    "select count(*) from source",
    "select 1 from source where service = ? and resource = ? and scope = ? and origin = ?",
)
_THREADS = _Kept("select count(*) from thread", "select 1 from thread where thread_id = ? and name = ?")


def most_of(max_bytes: int | None) -> int:
    """Return how many names a file of so many bytes holds; and as many shapes, sources and threads."""
    return MOST if max_bytes is None else max(LEAST, min(MOST, max_bytes // _BYTES_EACH))


def find_crowded(connection: sqlite3.Connection, missing: Missing, max_bytes: int | None) -> Crowded | None:
    """Return what a file has no room for; None if it has room for all that is new.

    Args:
        connection: of the file.
        missing: what of a batch this writer has no IDs of.
        max_bytes: the limit of the file.
    """
    most = most_of(max_bytes)
    names = _beyond(connection, _NAMES, {_name(each): each for each in missing.signatures}, most)
    shapes = _beyond(connection, _SHAPES, {_shape(each): each for each in missing.signatures}, 2 * most)
    sources = _beyond(connection, _SOURCES, {_source(each): each for each in missing.sources}, most)
    threads = _beyond(connection, _THREADS, {each: each for each in missing.threads}, most)
    if not (names or shapes or sources or threads):
        return None
    folded = {each for each in missing.signatures if _name(each) in names or _shape(each) in shapes}
    return Crowded(folded, {each for each in missing.sources if _source(each) in sources}, set(threads))


def _beyond(connection: sqlite3.Connection, kept: _Kept, keys: Iterable[tuple[Any, ...]], most: int) -> set[Any]:
    """The keys for which there is no room."""
    found = list(keys)
    if not found:
        return set()
    (count,) = connection.execute(kept.how_many).fetchone()
    if count + len(found) <= most:
        return set()
    new = [key for key in found if connection.execute(kept.exists, key).fetchone() is None]
    return set(new[max(0, most - count) :])


class Crowded:
    """The parts of a batch that are stored under other names.

    Args:
        signatures, sources, threads: those for which there is no room.
    """

    def __init__(self, signatures: set[Signature], sources: set[Source], threads: set[Thread]) -> None:
        self._signatures, self._sources, self._threads = signatures, sources, threads
        self._plain: dict[tuple[str, bool], Source] = {}

    def stored(self, row: SpanRow) -> SpanRow:
        """A row as it is stored."""
        if row.thread in self._threads:
            row = row._replace(thread=None)
        if row.parent in self._signatures:
            row = row._replace(parent=OTHER)
        if row.source in self._sources:
            row = row._replace(source=self._without_attributes(row.source.service, row.source.received))
        if row.signature in self._signatures:
            row = row._replace(
                signature=OTHER, data=_told(row), source=self._without_attributes(OTHER.service, row.source.received)
            )
        return row

    def stored_log(self, row: LogRow) -> LogRow:
        """A log record as it is stored."""
        if row.source not in self._sources:
            return row
        return row._replace(source=self._without_attributes(row.source.service, row.source.received))

    def stored_point(self, row: PointRow) -> PointRow:
        """A data point as it is stored."""
        source = row.series.source
        if source not in self._sources:
            return row
        return row._replace(
            series=row.series._replace(source=self._without_attributes(source.service, source.received))
        )

    def _without_attributes(self, service: str, received: bool) -> Source:
        key = service, received
        found = self._plain.get(key)
        if found is None:
            found = self._plain[key] = Source(service, received=received)
        return found


def _told(row: SpanRow) -> str:
    """Name, service and values of a row, as the values of a call."""
    try:
        values = dict(zip((name for name, _ in row.signature.fields), json.loads(row.data), strict=False))
    except (TypeError, ValueError, RecursionError):
        values = {}
    told = row.signature.name, row.signature.service, json.dumps(values, ensure_ascii=False)
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _name(signature: Signature) -> tuple[str, str, str, int]:
    return signature.name, signature.service, signature.process_group, signature.kind


def _shape(signature: Signature) -> tuple[Any, ...]:
    code = b"" if signature.code is None else code_digest(signature.code)
    return (*_name(signature), fields_digest(signature), code)


def _source(source: Source) -> tuple[str, str, str, str]:
    return source.service, source.resource, source.scope, RECEIVED if source.received else machine_mark()
