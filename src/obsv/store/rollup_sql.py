"""The rollups' way into the file: one upsert a table."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

from obsv.store.rollups import EVER, Rollups
from obsv.store.statements import Insert

_MINUTE = Insert(
    "process_minute",
    "minute, process_id, count, errors, total_ns, max_ns, cpu_ns, memory_bytes",
    "(minute, process_id) do update set count = count + excluded.count, errors = errors + excluded.errors, "
    "total_ns = total_ns + excluded.total_ns, max_ns = max(max_ns, excluded.max_ns), "
    "cpu_ns = cpu_ns + excluded.cpu_ns, memory_bytes = memory_bytes + excluded.memory_bytes",
)
_HISTOGRAM = Insert(
    "process_histogram",
    "minute, process_id, bucket, count",
    "(minute, process_id, bucket) do update set count = count + excluded.count",
)
_TOTAL_HISTOGRAM = Insert(
    "minute_histogram", "minute, bucket, count", "(minute, bucket) do update set count = count + excluded.count"
)
_EDGE = Insert(
    "edge_minute",
    "minute, parent_id, process_id, count, errors, total_ns, last_ns, last_duration_ns",
    "(minute, parent_id, process_id) do update set count = count + excluded.count, errors = errors + excluded.errors, "
    "total_ns = total_ns + excluded.total_ns, "
    "last_duration_ns = iif(excluded.last_ns >= last_ns, excluded.last_duration_ns, last_duration_ns), "
    "last_ns = max(last_ns, excluded.last_ns)",
)
# A run that fills its batch (repeats + 1 = updates) goes on from the stored one when the value is the same.
_GOES_ON = "(excluded.repeats + 1 = excluded.updates and last_value is excluded.last_value)"
_NEWER = "excluded.last_ns >= last_ns"
_VARIABLE = Insert(
    "variable",
    "process_id, name, data_type, last_value, last_ns, changed_ns, repeats, updates",
    "(process_id, name, data_type) do update set "
    f"repeats = case when not {_NEWER} then repeats when {_GOES_ON} then repeats + excluded.updates "
    "else excluded.repeats end, "
    f"changed_ns = iif(not {_NEWER} or {_GOES_ON}, changed_ns, excluded.changed_ns), "
    f"last_value = iif({_NEWER}, excluded.last_value, last_value), "
    "last_ns = max(last_ns, excluded.last_ns), updates = updates + excluded.updates",
)
# interval_ns comes in as the mean of the batch. Its weight is n / (n + 7): a single update counts for an eighth.
_FEED = Insert(
    "feed",
    "name, process_id, last_ns, interval_ns, updates",
    "(name, process_id) do update set "
    "interval_ns = case when excluded.last_ns <= last_ns then interval_ns "
    "when interval_ns is null then (excluded.last_ns - last_ns) / excluded.updates "
    "else interval_ns + ((excluded.last_ns - last_ns) / excluded.updates - interval_ns) "
    "* excluded.updates / (excluded.updates + 7) end, "
    "last_ns = max(last_ns, excluded.last_ns), updates = updates + excluded.updates",
)


def write_rollups(connection: sqlite3.Connection, rollups: Rollups) -> None:
    """Adds a batch's rollups to the file, in the transaction that is open."""
    _MINUTE.run(connection, _minutes(rollups))
    _HISTOGRAM.run(connection, _histograms(rollups))
    _TOTAL_HISTOGRAM.run(connection, _total_histograms(rollups))
    write_edges(connection, rollups)
    _VARIABLE.run(connection, [value for key, entry in rollups.variables.items() for value in (*key, *entry)])
    _FEED.run(connection, _feeds(rollups))


def write_edges(connection: sqlite3.Connection, rollups: Rollups) -> None:
    """Adds the edges only."""
    values: list[Any] = []
    for (minute, parent_id, process_id), edge in sorted(rollups.edges.items(), key=_key):
        sums = parent_id, process_id, edge.count, edge.errors, edge.total_ns, edge.last_ns, edge.last_duration_ns
        values += (minute, *sums, EVER, *sums)
    _EDGE.run(connection, values)


def _key(item: tuple[tuple[int, ...], Any]) -> tuple[int, ...]:
    return item[0]


def _minutes(rollups: Rollups) -> list[Any]:
    values: list[Any] = []
    for (minute, process_id), calls in sorted(rollups.calls.items(), key=_key):
        sums = calls.count, calls.errors, calls.total_ns, calls.max_ns, calls.cpu_ns, calls.memory_bytes
        values += (minute, process_id, *sums, EVER, process_id, *sums)
    return values


def _histograms(rollups: Rollups) -> list[Any]:
    values: list[Any] = []
    for (minute, process_id), calls in sorted(rollups.calls.items(), key=_key):
        for number, count in sorted(calls.buckets.items()):
            values += (minute, process_id, number, count, EVER, process_id, number, count)
    return values


def _total_histograms(rollups: Rollups) -> list[Any]:
    totals: dict[int, Counter[int]] = {}
    for (minute, _), calls in rollups.calls.items():
        for key in (minute, EVER):
            totals.setdefault(key, Counter()).update(calls.buckets)
    return [
        value for minute in sorted(totals) for entry in sorted(totals[minute].items()) for value in (minute, *entry)
    ]


def _feeds(rollups: Rollups) -> list[Any]:
    values: list[Any] = []
    for (name, process_id), (first, last, updates) in rollups.feeds.items():
        values += (name, process_id, last, (last - first) // (updates - 1) if updates > 1 else None, updates)
    return values
