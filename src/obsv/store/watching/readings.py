"""Data for rules: failed calls as they arrive, feeds, variables, recording processes, figures of functions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import MINUTE_NS, headline


class FailedCall(NamedTuple):
    """A failed call that has arrived.

    Args:
        id: order of arrival.
        start_ns: Unix time.
        process, group, service: those of the call.
        exception: type of the exception; empty if unknown.
        message: message of the exception.
        trace_id, span_id, parent_span_id: hex; the last is None for a root.
    """

    id: int
    start_ns: int
    process: str
    group: str
    service: str
    exception: str
    message: str
    trace_id: str
    span_id: str
    parent_span_id: str | None


class Arrivals(NamedTuple):
    """Failed calls that have arrived, oldest first, and the position up to which they were read."""

    calls: list[FailedCall]
    upto: int


class Feed(NamedTuple):
    """A feed: its latest update, Unix time, and the number of its updates."""

    name: str
    last_ns: int
    updates: int = 0


class Repeating(NamedTuple):
    """A variable with a repeating value.

    Args:
        process, service: those of the variable.
        name: name of the variable.
        data_type: INPUT or OUTPUT.
        value: its value, as text.
        repeats: number of consecutive repetitions.
        last_ns: start of the latest call with it, Unix time.
        changed_ns: when it got this value.
    """

    process: str
    service: str
    name: str
    data_type: str
    value: str | None
    repeats: int
    last_ns: int
    changed_ns: int


class Recorder(NamedTuple):
    """A recording process, as it last described itself.

    Args:
        service, pid, host: its identity.
        state: OK, DELAYED or CIRCUIT OPEN.
        depth: calls waiting to be stored.
        lag_ms: waiting time of the oldest call in the last batch.
        updated_ns: time of the report, Unix time.
        ended: whether it has ended recording.
        lost: calls that were dropped, refused or lost since it began.
    """

    service: str
    pid: int
    host: str
    state: str
    depth: int
    lag_ms: float
    updated_ns: int
    ended: bool
    lost: int = 0


class CallFigures(NamedTuple):
    """Figures of a process over some minutes.

    Args:
        process, group, service: those of the calls.
        calls, errors: numbers of calls.
        total_ns, max_ns: durations.
        buckets: number of calls in each bucket of duration.
    """

    process: str
    group: str
    service: str
    calls: int
    errors: int
    total_ns: int
    max_ns: int
    buckets: Mapping[int, int]


# The first call in order of arrival that no part of the archive contains.
_UNARCHIVED = """
select start_ns from span where id > (select watermark from archive) order by id limit 1
"""
_HAS_ARCHIVE = "select 1 from sqlite_schema where type = 'table' and name = 'archive'"
# IDs are never used twice: who forgets the latest calls makes none before them new.
_LAST = """
select max(coalesce((select seq from sqlite_sequence where name = 'span'), 0),
  coalesce((select max(id) from span), 0))
"""
_LAST_BEFORE = """
select coalesce((select id from span where id > m.id and start_ns < ? order by id desc limit 1), m.id)
from (select max(0, coalesce(max(id), 0) - ?) as id from span) m
"""
# In the file's own order: calls since the last look are in its last pages.
_FAILED = """
select s.id, s.start_ns, p.name, p.process_group, p.service, coalesce(s.exception, '') as exception,
  s.trace as trace_id, lower(hex(s.span_id)) as span_id, nullif(lower(hex(s.parent_span_id)), '') as parent_span_id
from span s not indexed cross join process p on p.id = s.process_id
where s.id > :after and s.id <= :upto and s.status = 2 order by s.id limit :limit
"""
# More calls than this are examined in several looks.
MOST_CALLS, MOST_FAILED = 100_000, 1_000
_FEEDS = "select name, max(last_ns), sum(updates) from feed group by name order by name"
_REPEATING = """
select p.name, p.service, v.name, v.data_type, v.last_value, v.repeats, v.last_ns, v.changed_ns
from variable v cross join process p on p.id = v.process_id
where v.repeats >= :least and v.last_ns >= :since order by v.repeats desc limit :limit
"""
_RECORDERS = """
select service, pid, host, state, stats, updated_ns from recorder where updated_ns > ? order by updated_ns
"""
_FIGURES = """
select p.name, p.process_group, p.service, sum(m.count), sum(m.errors), sum(m.total_ns), max(m.max_ns), p.id
from process_minute m cross join process p on p.id = m.process_id where m.minute between ? and ? group by p.id
"""
_BUCKETS = """
select process_id, bucket, sum(count) from process_histogram where minute between ? and ? group by process_id, bucket
"""


def read_last_call(store: Readable, before_ns: int | None = None) -> int:
    """Return the ID of the call that arrived last; 0 if there is none.

    Args:
        store: the store to read.
        before_ns: only calls that started before, Unix time; at least the last `MOST_CALLS` are looked at.
    """
    row = store.one(_LAST) if before_ns is None else store.one(_LAST_BEFORE, (before_ns, MOST_CALLS))
    return int(row[0]) if row else 0


def read_failed(store: Readable, after: int) -> Arrivals:
    """Return the failed calls that arrived after a call.

    Args:
        store: the store to read.
        after: ID of a call; if all IDs are smaller, the file was replaced, and all calls are new.
    """
    last = read_last_call(store)
    after = 0 if after > last else after
    upto = min(last, after + MOST_CALLS)
    if upto == after:
        return Arrivals([], upto)
    rows = store.query(_FAILED, {"after": after, "upto": upto, "limit": MOST_FAILED})
    calls = [_failed(*row) for row in rows]
    return Arrivals(calls, calls[-1].id if len(calls) == MOST_FAILED else upto)


def read_unarchived(store: Readable) -> int | None:
    """Return when the first call that is not archived started, Unix time; None without an archive or such a call."""
    with store.snapshot() as snapshot:
        rows = snapshot.query(_UNARCHIVED) if snapshot.query(_HAS_ARCHIVE) else []
    return int(rows[0][0]) if rows else None


def read_feeds(store: Readable) -> list[Feed]:
    """Return all feeds, by name."""
    return [Feed(*row) for row in store.query(_FEEDS)]


def read_repeating(store: Readable, least: int, since_ns: int, limit: int = 1_000) -> list[Repeating]:
    """Return the variables that have repeated at least `least` times and were seen since, most repeated first."""
    return [Repeating(*row) for row in store.query(_REPEATING, {"least": least, "since": since_ns, "limit": limit})]


def read_recorders(store: Readable, since_ns: int) -> list[Recorder]:
    """Return the recording processes that have reported since then, the latest last."""
    return [_recorder(*row) for row in store.query(_RECORDERS, (since_ns,))]


def read_call_figures(store: Readable, start_ns: int, end_ns: int) -> list[CallFigures]:
    """Return the figures of calls in the minutes of a period."""
    bounds = start_ns // MINUTE_NS, end_ns // MINUTE_NS
    with store.snapshot() as snapshot:
        rows = snapshot.query(_FIGURES, bounds)
        buckets: dict[int, Counter[int]] = {row[7]: Counter() for row in rows}
        for process_id, bucket, count in snapshot.query(_BUCKETS, bounds):
            buckets[process_id][bucket] += count
    return [_figures(buckets, *row) for row in rows]


def _figures(buckets: Mapping[int, Counter[int]], *row: Any) -> CallFigures:
    name, group, service, calls, errors, total_ns, max_ns, process_id = row
    return CallFigures(name, group, service, calls, errors, total_ns, max_ns, buckets[process_id])


def _failed(id: int, start_ns: int, process: str, group: str, service: str, exception: str, *ids: Any) -> FailedCall:
    kind, message = headline(exception)
    return FailedCall(id, start_ns, process, group, service, kind, message, *ids)


def _recorder(service: str, pid: int, host: str, state: str, stats: str, updated_ns: int) -> Recorder:
    try:
        figures = json.loads(stats)
        depth = sum(int(figures.get(name) or 0) for name in ("depth", "error_depth"))
        lag_ms, ended = float(figures.get("writer_lag_ms") or 0), bool(figures.get("ended"))
        lost = sum(int(figures.get(name) or 0) for name in ("dropped", "rejected", "lost"))
    except (ValueError, TypeError, AttributeError):
        depth, lag_ms, ended, lost = 0, 0.0, False, 0
    return Recorder(service, pid, host, state, depth, lag_ms, updated_ns, ended, lost)
