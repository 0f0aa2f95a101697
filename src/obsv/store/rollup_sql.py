"""The rollups' way into the file: one upsert a table."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

from obsv.store.rollups import EVER, Rollups
from obsv.store.statements import Insert

_CALLS = Insert(
    "calls_minute",
    "edge, minute, parent_id, process_id, "
    "count, errors, total_ns, max_ns, last_ns, last_duration_ns, cpu_ns, memory_bytes",
    "(edge, minute, parent_id, process_id) do update set "
    "count = count + excluded.count, errors = errors + excluded.errors, total_ns = total_ns + excluded.total_ns, "
    "max_ns = max(max_ns, excluded.max_ns), "
    "last_duration_ns = iif(excluded.last_ns >= last_ns, excluded.last_duration_ns, last_duration_ns), "
    "last_ns = max(last_ns, excluded.last_ns), "
    "cpu_ns = cpu_ns + excluded.cpu_ns, memory_bytes = memory_bytes + excluded.memory_bytes",
)
_HISTOGRAM = Insert(
    "histogram",
    "total, minute, process_id, bucket, count",
    "(total, minute, process_id, bucket) do update set count = count + excluded.count",
)
_FAILURES = Insert(
    "failure_histogram",
    "process_id, bucket, count, total_ns",
    "(process_id, bucket) do update set count = count + excluded.count, total_ns = total_ns + excluded.total_ns",
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
# Durations of foreign spans may be anything.
_MOST = 1 << 62
# What stands for all processes in the histogram.
ALL = 0


def write_rollups(connection: sqlite3.Connection, rollups: Rollups) -> None:
    """Adds a batch's rollups to the file, in the transaction that is open."""
    _CALLS.run(connection, _calls(rollups))
    _HISTOGRAM.run(connection, _histograms(rollups))
    _FAILURES.run(connection, [value for key, sums in rollups.failures.items() for value in (*key, *sums)])
    _VARIABLE.run(connection, [value for key, entry in rollups.variables.items() for value in (*key, *entry)])
    _FEED.run(connection, _feeds(rollups))


def _calls(rollups: Rollups) -> list[Any]:
    values: list[Any] = []
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
        )
        values += (edge, minute, *sums, edge, EVER, *sums)
    return values


def _histograms(rollups: Rollups) -> list[Any]:
    values: list[Any] = []
    for (minute, process_id), buckets in sorted(_with_all(rollups.buckets).items(), key=lambda item: item[0]):
        for number, count in buckets.items():
            total = int(process_id == ALL)
            values += (total, minute, process_id, number, count, total, EVER, process_id, number, count)
    return values


def _with_all(buckets: dict[tuple[int, int], Counter[int]]) -> dict[tuple[int, int], Counter[int]]:
    together: dict[tuple[int, int], Counter[int]] = {}
    for (minute, _), counts in buckets.items():
        together.setdefault((minute, ALL), Counter()).update(counts)
    return together | buckets


def _feeds(rollups: Rollups) -> list[Any]:
    values: list[Any] = []
    for (name, process_id), (first, last, updates) in rollups.feeds.items():
        values += (name, process_id, last, (last - first) // (updates - 1) if updates > 1 else None, updates)
    return values
