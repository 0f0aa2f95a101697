"""Counts, durations and percentiles of functions over whole minutes, from the rollups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from obsv.store.figures.minutes import Minutes
from obsv.store.file import Row, Snapshot
from obsv.store.ground import percentile_within

# One look-up per minute and function: the keys begin with the minute.
_MINUTES = """
with recursive m(minute) as (
  select :first where :first <= :last union all select minute + 1 from m where minute < :last
)
"""
CALLS = (
    _MINUTES
    + """
select (m.minute - :origin) / :step as bin, sum(r.count) as calls, sum(r.errors) as errors, sum(r.total_ns) as total_ns,
  max(r.max_ns) as max_ns, sum(r.cpu_ns) as cpu_ns, sum(r.memory_bytes) as memory_bytes,
  sum(r.unrecorded) as unrecorded
from m cross join json_each(:processes) j
cross join process_minute r on r.minute = m.minute and r.process_id = j.value group by bin
"""
)
HISTOGRAM = (
    _MINUTES
    + """
select (m.minute - :origin) / :step as bin, h.bucket, sum(h.count) as calls
from m cross join json_each(:processes) j
cross join process_histogram h on h.minute = m.minute and h.process_id = j.value group by bin, h.bucket
"""
)


class Sums(NamedTuple):
    """The calls of a period.

    Attributes:
        calls: number of calls.
        errors: number of failed calls.
        total_ns: sum of the durations.
        max_ns: the longest duration.
        cpu_ns: sum of the CPU time, where measured.
        memory_bytes: sum of the memory growth, where measured.
        buckets: number of durations in each bucket of `obsv.store.ground.histogram`.
        unrecorded: number of `calls` that are not stored, but covered by sampled calls or only counted.
    """

    calls: int = 0
    errors: int = 0
    total_ns: int = 0
    max_ns: int = 0
    cpu_ns: int = 0
    memory_bytes: int = 0
    buckets: dict[int, int] = {}  # noqa: RUF012  # never written to
    unrecorded: int = 0

    @property
    def error_rate(self) -> float:
        """Return the share of failed calls, 0..1."""
        return self.errors / self.calls if self.calls else 0.0

    @property
    def mean_ns(self) -> float | None:
        """Return the mean duration; None without calls."""
        return self.total_ns / self.calls if self.calls else None

    def percentile_ns(self, share: float) -> float | None:
        """Return the duration that a share (0..1) of the calls did not exceed, within 4 %; None without calls."""
        return percentile_within(self.buckets, share, self.total_ns, self.max_ns)


def read_sums(store: Snapshot, processes: Iterable[int], minutes: Minutes) -> Sums:
    """Return the sums of several processes together.

    Args:
        store: a snapshot of the file.
        processes: their IDs.
        minutes: the period.
    """
    bins = read_bins(store, processes, minutes, max(1, minutes.last - minutes.first + 1))
    return bins[0] if bins else Sums()


def read_bins(store: Snapshot, processes: Iterable[int], minutes: Minutes, step: int) -> list[Sums]:
    """Return the sums of several processes together, bin by bin.

    Args:
        store: a snapshot of the file.
        processes: their IDs.
        minutes: the period.
        step: minutes per bin.

    Returns:
        One entry for each bin since `minutes.first`, including bins without calls.
    """
    known = minutes.recorded(store)
    asked = known.params(processes=str(sorted(processes)), origin=minutes.first, step=step)
    buckets: dict[int, dict[int, int]] = defaultdict(dict)
    for row in store.query(HISTOGRAM, asked):
        buckets[row["bin"]][row["bucket"]] = row["calls"]
    found = {row["bin"]: _sums(row, buckets[row["bin"]]) for row in store.query(CALLS, asked)}
    return [found.get(at, Sums()) for at in range(-(-(minutes.last - minutes.first + 1) // step))]


def _sums(row: Row, buckets: dict[int, int]) -> Sums:
    _, calls, errors, total_ns, max_ns, cpu_ns, memory_bytes, unrecorded = tuple(row)
    return Sums(calls, errors, total_ns, max_ns, cpu_ns, memory_bytes, buckets, unrecorded)
