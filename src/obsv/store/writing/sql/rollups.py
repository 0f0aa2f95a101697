"""Writing of the rollups: one statement per batch, for all tables.

After a statement that takes more than a moment, a computing thread has the interpreter lock, and the writer waits 5 ms
for it. Therefore all rollups of a batch are rows of one view, whose triggers put each into its table.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from obsv.store.ground import EVER, Rollups
from obsv.store.writing.sql.statements import Insert

_CALLS = """
insert into calls_minute(edge, minute, parent_id, process_id,
  count, errors, total_ns, max_ns, last_ns, last_duration_ns, cpu_ns, memory_bytes, lag_ns, unrecorded)
values (new.a, {minute}, new.c, new.d, new.e, new.f, new.g, new.h, new.i, new.j, new.k, new.l, new.m, new.n)
on conflict(edge, minute, parent_id, process_id) do update set
  count = count + excluded.count, errors = errors + excluded.errors, total_ns = total_ns + excluded.total_ns,
  max_ns = max(max_ns, excluded.max_ns),
  last_duration_ns = iif(excluded.last_ns >= last_ns, excluded.last_duration_ns, last_duration_ns),
  last_ns = max(last_ns, excluded.last_ns),
  cpu_ns = cpu_ns + excluded.cpu_ns, memory_bytes = memory_bytes + excluded.memory_bytes,
  lag_ns = max(lag_ns, excluded.lag_ns), unrecorded = unrecorded + excluded.unrecorded
"""
_HISTOGRAM = """
insert into histogram(total, minute, process_id, bucket, count)
values (new.a, {minute}, new.c, new.d, new.e)
on conflict(total, minute, process_id, bucket) do update set count = count + excluded.count
"""
_FAILURES = """
insert into failure_histogram(process_id, bucket, count, total_ns)
values (new.a, new.b, new.c, new.d)
on conflict(process_id, bucket) do update set
  count = count + excluded.count, total_ns = total_ns + excluded.total_ns
"""
# A run that fills its batch (repeats + 1 = updates) continues the stored one if the value is the same.
_GOES_ON = "(excluded.repeats + 1 = excluded.updates and last_value is excluded.last_value)"
_NEWER = "excluded.last_ns >= last_ns"
_VARIABLE = f"""
insert into variable(process_id, name, data_type, last_value, last_ns, changed_ns, repeats, updates)
values (new.a, new.b, new.c, new.d, new.e, new.f, new.g, new.h)
on conflict(process_id, name, data_type) do update set
  repeats = case when not {_NEWER} then repeats when {_GOES_ON} then repeats + excluded.updates
    else excluded.repeats end,
  changed_ns = iif(not {_NEWER} or {_GOES_ON}, changed_ns, excluded.changed_ns),
  last_value = iif({_NEWER}, excluded.last_value, last_value),
  last_ns = max(last_ns, excluded.last_ns), updates = updates + excluded.updates
"""
# interval_ns arrives as the mean of the batch. Its weight is n / (n + 7): a single update counts for an eighth.
_FEED = """
insert into feed(name, process_id, last_ns, interval_ns, updates)
values (new.a, new.b, new.c, new.d, new.e)
on conflict(name, process_id) do update set
  interval_ns = case when excluded.last_ns <= last_ns then interval_ns
    when interval_ns is null then (excluded.last_ns - last_ns) / excluded.updates
    else interval_ns + ((excluded.last_ns - last_ns) / excluded.updates - interval_ns)
      * excluded.updates / (excluded.updates + 7) end,
  last_ns = max(last_ns, excluded.last_ns), updates = updates + excluded.updates
"""
_COLUMNS = "kind, a, b, c, d, e, f, g, h, i, j, k, l, m, n"
# Fills a row whose table has fewer columns: bound in a tenth of the time of None.
_WIDTH = _COLUMNS.count(",")
_SPARE = tuple((0,) * count for count in range(_WIDTH + 1))
_ROLLUP = Insert("temp.rollup", _COLUMNS)
# Durations of foreign spans may be arbitrary.
_MOST = 1 << 62
# Represents all processes in the histogram.
ALL = 0


def prepare_rollups(connection: sqlite3.Connection) -> None:
    """Create the target of `write_rollups`, for this connection only."""
    nothing = ", ".join(f"null as {column}" for column in _COLUMNS.split(", "))
    connection.execute(f"create temp view rollup as select {nothing}")
    twice = [f"{insert.format(minute='new.b')};{insert.format(minute=EVER)}" for insert in (_CALLS, _HISTOGRAM)]
    for kind, insert in enumerate((*twice, _FAILURES, _VARIABLE, _FEED)):
        # With one trigger per table, instead of one for all, a row opens only its own table.
        connection.execute(
            f"create temp trigger rollup_{kind} instead of insert on rollup when new.kind = {kind} begin {insert}; end"
        )


def write_rollups(
    connection: sqlite3.Connection, rollups: Rollups, more: Iterable[tuple[int, tuple[Any, ...]]] = ()
) -> None:
    """Add a batch's rollups to the file, in the open transaction, and rows of other kinds of the view."""
    values: list[Any] = []
    for kind, rows in enumerate(
        (_calls(rollups), _histograms(rollups), _failures(rollups), _variables(rollups), _feeds(rollups))
    ):
        for row in rows:
            values.append(kind)
            values += row
            values += _SPARE[_WIDTH - len(row)]
    for kind, row in more:
        values.append(kind)
        values += row
        values += _SPARE[_WIDTH - len(row)]
    _ROLLUP.run(connection, values)


def _calls(rollups: Rollups) -> Iterator[tuple[Any, ...]]:
    for (edge, minute, parent_id, process_id), calls in sorted(rollups.calls.items(), key=lambda item: item[0]):
        sums = (
            parent_id,
            process_id,
            calls.count,
            calls.errors,
            min(calls.total_ns, _MOST),
            calls.max_ns,
            calls.last_ns,
            calls.last_duration_ns,
            calls.cpu_ns,
            calls.memory_bytes,
            calls.lag_ns,
            calls.unrecorded,
        )
        yield (edge, minute, *sums)


def _histograms(rollups: Rollups) -> Iterator[tuple[Any, ...]]:
    for (minute, process_id), buckets in sorted(_with_all(rollups.buckets).items(), key=lambda item: item[0]):
        total = int(process_id == ALL)
        for number, count in buckets.items():
            yield total, minute, process_id, number, count


def _failures(rollups: Rollups) -> Iterable[tuple[Any, ...]]:
    return [(*key, *sums) for key, sums in rollups.failures.items()]


def _variables(rollups: Rollups) -> Iterable[tuple[Any, ...]]:
    return [(*key, *entry) for key, entry in rollups.variables.items()]


def _with_all(buckets: dict[tuple[int, int], Counter[int]]) -> dict[tuple[int, int], Counter[int]]:
    together: dict[tuple[int, int], Counter[int]] = {}
    for (minute, _), counts in buckets.items():
        together.setdefault((minute, ALL), Counter()).update(counts)
    return together | buckets


def _feeds(rollups: Rollups) -> Iterable[tuple[Any, ...]]:
    return [
        (name, process_id, last, (last - first) // (updates - 1) if updates > 1 else None, updates)
        for (name, process_id), (first, last, updates) in rollups.feeds.items()
    ]
