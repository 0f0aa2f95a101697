"""Sums that another engine has added up, instead of those that the writer adds up of the calls that it stores."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from obsv.store.ground import UNKNOWN_NS, Signature
from obsv.store.writing.interning import Ids

PROCESS, EDGE = 0, 1


class CopiedCalls(NamedTuple):
    """The calls of a function in a minute.

    Args:
        signature: the function.
        parent: who called it; None for all its calls, by whomever.
        minute: Unix time / 60 s.
        calls, errors, total_ns, max_ns, last_ns, last_duration_ns, cpu_ns, memory_bytes: as in `calls_minute`.
        buckets: numbers in each bucket of the histogram.
        failures: numbers and sums of the durations of failed calls by bucket.
    """

    signature: Signature
    parent: Signature | None
    minute: int
    calls: int
    errors: int
    total_ns: int
    max_ns: int
    last_ns: int
    last_duration_ns: int
    cpu_ns: int = 0
    memory_bytes: int = 0
    buckets: Mapping[int, int] = {}
    failures: Mapping[int, tuple[int, int]] = {}


class CopiedVariable(NamedTuple):
    """The latest value of a variable, as in `variable`."""

    signature: Signature
    name: str
    data_type: str
    last_value: str | None
    last_ns: int
    changed_ns: int
    repeats: int
    updates: int


class CopiedFeed(NamedTuple):
    """The updates of a feed, as in `feed`."""

    name: str
    signature: Signature
    last_ns: int
    interval_ns: int | None
    updates: int


class Copied(NamedTuple):
    """Sums of whole minutes, which replace those that are there.

    Args:
        minutes: the minutes, with calls or without.
        is_edges: whether the calls are those from one function to another.
        calls: their calls.
        variables, feeds: replace those of the same names.
    """

    minutes: Sequence[int] = ()
    is_edges: bool = False
    calls: Sequence[CopiedCalls] = ()
    variables: Sequence[CopiedVariable] = ()
    feeds: Sequence[CopiedFeed] = ()

    @property
    def signatures(self) -> set[Signature]:
        """Return the functions that occur."""
        found = {each.signature for part in (self.calls, self.variables, self.feeds) for each in part}
        return found | {each.parent for each in self.calls if each.parent is not None}


_FAILURES = """
create temp table if not exists copied_failure(
  minute integer not null, process_id integer not null, bucket integer not null, count integer not null,
  total_ns integer not null, primary key(minute, process_id, bucket)
) without rowid
"""
_OLD = "minute in (select value from json_each(?))"
_CALLS = """
insert or replace into calls_minute(edge, minute, parent_id, process_id, count, errors, total_ns, max_ns, last_ns,
  last_duration_ns, cpu_ns, memory_bytes, lag_ns, unrecorded) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
"""
_EVER = """
insert into calls_minute(edge, minute, parent_id, process_id, count, errors, total_ns, max_ns, last_ns,
  last_duration_ns, cpu_ns, memory_bytes, lag_ns, unrecorded)
select edge, 0, parent_id, process_id, sum(count), sum(errors), sum(total_ns), max(max_ns), max(last_ns),
  max(last_duration_ns), sum(cpu_ns), sum(memory_bytes), max(lag_ns), 0
from calls_minute where edge = ? and minute > 0 group by parent_id, process_id
"""
_HISTOGRAM = "insert or replace into histogram(total, minute, process_id, bucket, count) values (0, ?, ?, ?, ?)"
_TOGETHER = f"""
insert into histogram(total, minute, process_id, bucket, count)
select 1, minute, 0, bucket, sum(count) from histogram where total = 0 and {_OLD} group by minute, bucket
"""
_HISTOGRAM_EVER = """
insert into histogram(total, minute, process_id, bucket, count)
select total, 0, process_id, bucket, sum(count) from histogram where minute > 0 group by total, process_id, bucket
"""
_FAILURE = "insert or replace into copied_failure(minute, process_id, bucket, count, total_ns) values (?, ?, ?, ?, ?)"
_FAILURES_EVER = """
insert into failure_histogram(process_id, bucket, count, total_ns)
select process_id, bucket, sum(count), sum(total_ns) from copied_failure group by process_id, bucket
"""
_VARIABLE = "insert or replace into variable values (?, ?, ?, ?, ?, ?, ?, ?)"
_FEED = "insert or replace into feed values (?, ?, ?, ?, ?)"


def write_copied(connection: sqlite3.Connection, copied: Copied, ids: Ids) -> None:
    """Replace sums, in the open transaction; the functions have IDs."""
    if copied.minutes:
        _write_calls(connection, copied, ids)
    connection.executemany(_VARIABLE, [(ids.process_id(each.signature), *each[1:]) for each in copied.variables])
    connection.executemany(_FEED, [(name, ids.process_id(signature), *rest) for name, signature, *rest in copied.feeds])


def _write_calls(connection: sqlite3.Connection, copied: Copied, ids: Ids) -> None:
    edge, minutes = EDGE if copied.is_edges else PROCESS, json.dumps(list(copied.minutes))
    connection.execute(f"delete from calls_minute where edge = ? and {_OLD}", (edge, minutes))
    connection.executemany(_CALLS, [_sums(edge, each, ids) for each in copied.calls])
    connection.execute("delete from calls_minute where edge = ? and minute = 0", (edge,))
    connection.execute(_EVER, (edge,))
    if copied.is_edges:
        return
    connection.execute(f"delete from histogram where {_OLD}", (minutes,))
    connection.executemany(_HISTOGRAM, _buckets(copied, ids))
    connection.execute(_TOGETHER, (minutes,))
    connection.execute("delete from histogram where minute = 0")
    connection.execute(_HISTOGRAM_EVER)
    connection.execute(_FAILURES)
    connection.execute(f"delete from copied_failure where {_OLD}", (minutes,))
    connection.executemany(_FAILURE, _failures(copied, ids))
    connection.execute("delete from failure_histogram")
    connection.execute(_FAILURES_EVER)


def _sums(edge: int, each: CopiedCalls, ids: Ids) -> tuple[int, ...]:
    parent = 0 if each.parent is None else ids.process_id(each.parent)
    # The trace's beginning is not known: it may be of any length.
    return (edge, each.minute, parent, ids.process_id(each.signature), *each[3:11], 0 if edge else UNKNOWN_NS)


def _buckets(copied: Copied, ids: Ids) -> list[tuple[int, ...]]:
    return [
        (each.minute, ids.process_id(each.signature), number, count)
        for each in copied.calls
        for number, count in each.buckets.items()
    ]


def _failures(copied: Copied, ids: Ids) -> list[tuple[int, ...]]:
    return [
        (each.minute, ids.process_id(each.signature), number, *sums)
        for each in copied.calls
        for number, sums in each.failures.items()
    ]
