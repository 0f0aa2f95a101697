"""Calls and periods of one function for comparison."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.figures.function import Failure, process_ids, read_failures
from obsv.store.figures.minutes import Minutes
from obsv.store.figures.sums import Sums, read_sums
from obsv.store.file import Readable, Snapshot
from obsv.store.ground import Window
from obsv.store.spans import Call, read_call
from obsv.times import ts

# A function that always fails has no successful call; the search ends after this many.
LOOKED_THROUGH = 20_000
MOST_FAILURES = 50

# Along the index; the inner limit bounds the walk for any distribution of calls.
_GOOD = """
select trace_id, span_id from (
  select s.trace as trace_id, lower(hex(s.span_id)) as span_id, s.outcome, s.process_id = p.id as mine
  from process p cross join span s indexed by span_by_name on s.name_id = p.name_id
  where p.name = :name and p.service = :service and p.process_group = :process_group and p.kind = :kind and {side}
  order by s.ts {direction} limit :most
) where outcome = 'OK' and mine limit 1
"""
BEFORE = _GOOD.format(side="s.ts <= :ts", direction="desc")
AFTER = _GOOD.format(side="s.ts > :ts", direction="asc")
CALLER = """
select p.name from span s cross join process p on p.id = s.process_id where s.trace = ? and s.span_id = ?
"""


class Pair(NamedTuple):
    """A failed call and a successful one of the same function, or any two calls.

    Attributes:
        failed: the inspected call.
        good: the last successful call before it, or the first after; None if none was found nearby.
        failed_caller: name of the function that made the failed call; None for a root.
        good_caller: likewise.
        is_chosen: whether the second call was asked for, whatever it is.
    """

    failed: Call
    good: Call | None
    failed_caller: str | None
    good_caller: str | None
    is_chosen: bool = False

    @property
    def good_is_later(self) -> bool:
        """Return whether the successful call came after the failed one, because there was none before."""
        return self.good is not None and self.good.start_ns > self.failed.start_ns


class Times(NamedTuple):
    """One function in two windows."""

    name: str
    first: Window
    second: Window
    first_sums: Sums
    second_sums: Sums


def read_pair(reader: Readable, trace_id: str, span_id: str, other: tuple[str, str] | None = None) -> Pair:
    """Return a call, and another one or the last successful call of the same function before it.

    Args:
        reader: reader of the store.
        trace_id: trace ID of the call, hex.
        span_id: span ID of the call, hex.
        other: trace and span ID of the other call; None chooses one.

    Raises:
        NotFound: there is no such call.
    """
    with reader.snapshot() as store:
        failed = read_call(store, trace_id, span_id)
        good = read_call(store, *other) if other else _good(store, failed)
        callers = _caller(store, failed), _caller(store, good) if good else None
        return Pair(failed, good, *callers, is_chosen=other is not None)


def failures(reader: Readable, name: str, limit: int = MOST_FAILURES) -> list[Failure]:
    """Return the latest failed calls of a function.

    Raises:
        NotFound: there is no such function.
    """
    with reader.snapshot() as store:
        process_ids(store, name)
        return read_failures(store, name, limit)


def read_times(reader: Readable, name: str, first: Window, second: Window) -> Times:
    """Return a function's calls in two windows, in whole minutes.

    Raises:
        NotFound: there is no such function.
    """
    with reader.snapshot() as store:
        ids = process_ids(store, name)
        sums = [read_sums(store, ids, Minutes.of(window)) for window in (first, second)]
        return Times(name, first, second, *sums)


def _good(store: Snapshot, failed: Call) -> Call | None:
    same = {"service": failed.service, "process_group": failed.process_group, "kind": failed.kind}
    asked = {"name": failed.process, **same, "ts": ts(failed.start_ns), "most": LOOKED_THROUGH}
    found = store.one(BEFORE, asked) or store.one(AFTER, asked)
    return read_call(store, found["trace_id"], found["span_id"]) if found else None


def _caller(store: Snapshot, call: Call) -> str | None:
    if not call.parent_span_id:
        return None
    row = store.one(CALLER, (call.trace_id, bytes.fromhex(call.parent_span_id)))
    return row["name"] if row else None
