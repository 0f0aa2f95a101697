"""Traces that are kept beyond retention."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.store.file import Readable, Snapshot, limits_of, read_settings

_HAS = "select 1 from sqlite_schema where type = 'table' and name = 'kept_trace'"
_MOST = 1_000


class KeptTrace(NamedTuple):
    """A trace that is kept beyond retention.

    Attributes:
        trace_id: lower-case hex.
        note: why.
        kept_by, kept_ns: who kept it, and when, Unix time.
        process, service: of its first call.
        start_ns: Unix time.
        duration_ns: from its first start to its last end.
        spans, errors: how many.
        exception: type and message of its first failure; empty if there is none.
        bytes: what it takes.
    """

    trace_id: str
    note: str
    kept_by: str
    kept_ns: int
    process: str
    service: str
    start_ns: int
    duration_ns: int
    spans: int
    errors: int
    exception: str
    bytes: int


class KeptTraces(NamedTuple):
    """Kept traces, those kept last first, at most 1,000; how many there are, what they take, and what they may take."""

    traces: list[KeptTrace]
    total: int
    bytes: int
    most_bytes: int


class KeptSums(NamedTuple):
    """The number of kept traces, and their size."""

    traces: int
    bytes: int


_COLUMNS = ", ".join(KeptTrace._fields)
_ALL = f"select {_COLUMNS} from kept_trace order by kept_ns desc, id desc limit {_MOST}"
_ONE = f"select {_COLUMNS} from kept_trace where trace_id = ?"
_SUMS = "select count(*), coalesce(sum(bytes), 0) from kept_trace"
# Of calls or of log records: the oldest of either may be deleted first.
_LACKING = """
select kept_ns from kept_trace k where trace_id = :trace and (spans > (select count(*) from span where trace = :trace)
  or logs > (select count(*) from log_record where trace = :trace and trace_id <> x''))
"""
_IDS = "select trace_id from kept_trace"
# The table itself, also for those who see no values: they are masked when its calls are read.
_CONTENT = "select content from main.kept_trace where trace_id = ?"
_WITH = "select trace_id, span_ids from kept_trace where instr(span_ids, ?) > 0"


def read_kept(reader: Readable) -> KeptTraces:
    """Return the traces that are kept; none of a file with an older schema version."""
    with reader.snapshot() as store:
        limit = limits_of(read_settings(store.query)).most_kept_bytes
        if store.one(_HAS) is None:
            return KeptTraces([], 0, 0, limit)
        return KeptTraces([KeptTrace(*row) for row in store.query(_ALL)], *read_kept_sums(store), limit)


def read_kept_sums(store: Snapshot) -> KeptSums:
    """Return how many traces are kept, and their size."""
    return KeptSums(*store.query(_SUMS)[0]) if store.one(_HAS) is not None else KeptSums(0, 0)


def kept_ids(reader: Readable) -> list[str]:
    """Return the IDs of all kept traces."""
    with reader.snapshot() as store:
        return [row["trace_id"] for row in store.query(_IDS)] if store.one(_HAS) is not None else []


def read_kept_trace(reader: Readable, trace_id: str) -> KeptTrace | None:
    """Return a kept trace by 32 hex digits; None if it is not kept."""
    row = _one(reader, _ONE, trace_id)
    return KeptTrace(*row) if row is not None else None


def lacks_kept(reader: Readable, trace_id: str) -> int | None:
    """Return when a trace was kept of which the file has fewer calls by now; None for any other."""
    with reader.snapshot() as store:
        row = store.one(_LACKING, {"trace": trace_id}) if store.one(_HAS) is not None else None
        return row["kept_ns"] if row is not None else None


def kept_content(reader: Readable, trace_id: str) -> bytes | None:
    """Return the packed calls of a kept trace."""
    row = _one(reader, _CONTENT, trace_id)
    return bytes(row["content"]) if row is not None else None


def kept_with(reader: Readable, span_id: bytes) -> list[str]:
    """Return the kept traces that have a span."""
    with reader.snapshot() as store:
        rows = store.query(_WITH, (span_id,)) if store.one(_HAS) is not None else []
        return [row["trace_id"] for row in rows if span_id in _split(row["span_ids"])]


def _split(ids: bytes) -> set[bytes]:
    return {ids[at : at + 8] for at in range(0, len(ids), 8)}


def _one(reader: Readable, sql: str, trace_id: str) -> Any:
    with reader.snapshot() as store:
        return store.one(sql, (trace_id,)) if store.one(_HAS) is not None else None
