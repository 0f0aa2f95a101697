"""Statistics of each process over a period: from the rollups, accurate to the minute."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from obsv.store.file import Readable, Row, Snapshot, split
from obsv.store.ground import EVER, MINUTE_NS, percentile_within

_CALLS = """
select p.id, p.name, p.process_group, p.service, p.kind, sum(m.count) as calls, sum(m.errors) as errors,
  sum(m.total_ns) as total_ns, max(m.max_ns) as max_ns, max(m.last_ns) as last_ns, sum(m.unrecorded) as unrecorded
from process_minute m cross join process p on p.id = m.process_id
where m.minute between ? and ? group by p.id order by calls desc, p.name
"""
_EVER = f"select total(count) as calls from process_minute where minute = {EVER}"
_MINUTES = "select min(minute) as first, max(minute) as last from process_minute where minute between ? and ?"
# One row per process: its buckets as JSON.
_HISTOGRAMS = """
select process_id, json_group_array(json_array(bucket, count)) from (
  select process_id, bucket, sum(count) as count from process_histogram
  where minute between ? and ? group by process_id, bucket
) group by process_id
"""


# Fewer minutes are read at once.
LEAST_MINUTES = 30


class ProcessStats(NamedTuple):
    """The statistics of one process.

    Args:
        process: `module.qualname`, or a foreign span's name.
        process_group: the group under which it is shown.
        service: the service that ran it.
        kind: OTLP SpanKind.
        calls, errors: numbers, estimated if calls are sampled.
        mean_ns, max_ns: durations, exact.
        p50_ns, p95_ns, p99_ns: percentiles of the durations, within 4 %.
        last_ns: start of the latest call, Unix time.
        unrecorded: number of `calls` that are not stored, but covered by sampled calls or only counted.
    """

    process: str
    process_group: str
    service: str
    kind: int
    calls: int
    errors: int
    mean_ns: float
    max_ns: int
    p50_ns: float
    p95_ns: float
    p99_ns: float
    last_ns: int
    unrecorded: int = 0

    @property
    def error_rate(self) -> float:
        """Return the share of failed calls, 0 to 1."""
        return self.errors / self.calls


def process_stats(reader: Readable, since_ns: int | None = None, until_ns: int | None = None) -> list[ProcessStats]:
    """Return the statistics of every process that was called, the most called first.

    Args:
        reader: reader of the store.
        since_ns: Unix time, rounded down to the minute. None: since the file was created.
        until_ns: Unix time, rounded up to the minute. None: up to now.

    Raises:
        StoreError: see `Reader`.
    """
    if since_ns is None and until_ns is None:
        first = last = EVER
    else:
        first = max(1, (since_ns or 0) // MINUTE_NS)
        last = 1 << 62 if until_ns is None else until_ns // MINUTE_NS
    with reader.snapshot() as store:
        rows = store.query(_CALLS, (first, last))
        # A window with all calls needs no counting.
        if rows and sum(row["calls"] for row in rows) == store.query(_EVER)[0]["calls"]:
            first = last = EVER
        buckets = _buckets(store, first, last) if rows else {}
    return [_stats(row, buckets[row["id"]]) for row in rows]


def _buckets(store: Snapshot, first: int, last: int) -> dict[int, Counter[int]]:
    ends = store.query(_MINUTES, (first, last))[0]
    found: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for part in store.query_each(_HISTOGRAMS, split(ends["first"], ends["last"], LEAST_MINUTES)):
        for process_id, pairs in part:
            found[process_id].update(dict(json.loads(pairs)))
    return found


def _stats(row: Row, buckets: Mapping[int, int]) -> ProcessStats:
    mean, longest = row["total_ns"] / row["calls"], row["max_ns"]
    p50, p95, p99 = (percentile_within(buckets, q, row["total_ns"], longest) or 0.0 for q in (0.5, 0.95, 0.99))
    who = row["name"], row["process_group"], row["service"], row["kind"]
    return ProcessStats(
        *who, row["calls"], row["errors"], mean, longest, p50, p95, p99, row["last_ns"], row["unrecorded"]
    )
