"""Logarithmic histograms of durations: pure arithmetic.

Bucket b holds durations in (GROWTH^b, GROWTH^(b+1)] ns. A percentile is the geometric middle of its bucket, so it is
off by at most sqrt(1.08) - 1 = 3.9 %.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from math import ceil, sqrt
from typing import NamedTuple

from obsv.times import MAX_NS

GROWTH = 1.08

# Longest durations of buckets 0, 1, …; 2^63 ns is the maximum. Integers compare three times as fast.
UPPER_NS = [int(GROWTH ** (b + 1)) for b in range(568)]


def bucket(duration_ns: int) -> int:
    """Return the bucket of a duration.

    Args:
        duration_ns: nanoseconds; 1 and less belong to bucket 0.

    Returns:
        The bucket's number, 0 or more.
    """
    return bisect_left(UPPER_NS, duration_ns)


def buckets(durations_ns: Iterable[int]) -> Iterator[int]:
    """Yield the bucket of each duration, like `bucket`."""
    return map(partial(bisect_left, UPPER_NS), durations_ns)


def upper_ns(number: int) -> float:
    """Return the longest duration in a bucket, in nanoseconds."""
    return GROWTH ** (number + 1)


def middle_ns(number: int) -> float:
    """Return the duration that represents a bucket: its geometric middle, in nanoseconds."""
    return GROWTH**number * sqrt(GROWTH)


def percentile(buckets: Mapping[int, int], q: float) -> float | None:
    """Return the duration that a share of calls did not exceed, within 4 %.

    Args:
        buckets: number of calls in each bucket.
        q: the share, above 0 up to 1: 0.95 for P95. Nearest rank.

    Returns:
        Nanoseconds, or None without calls.
    """
    total = sum(buckets.values())
    if total <= 0:
        return None
    rank, seen = max(1, ceil(q * total)), 0
    for number in sorted(buckets):
        seen += buckets[number]
        if seen >= rank:
            return middle_ns(number)
    return None


def percentile_within(buckets: Mapping[int, int], q: float, total_ns: int, longest_ns: int) -> float | None:
    """Return a percentile of calls whose sum and maximum are known: of one call it is its duration.

    Args:
        buckets: number of calls in each bucket.
        q: as of `percentile`.
        total_ns: the sum of their durations.
        longest_ns: the longest of them.
    """
    found = percentile(buckets, q)
    if found is None:
        return None
    full = [number for number, count in buckets.items() if count]
    if len(full) == 1:
        # The mean of calls in one bucket lies between the least and the greatest of them.
        found = max(found, total_ns / buckets[full[0]]) if q > 0.5 else total_ns / buckets[full[0]]
    elif buckets[max(full)] == 1 and found == middle_ns(max(full)):
        return longest_ns
    return min(found, longest_ns)


class Buckets(NamedTuple):
    """A range of buckets, ends included."""

    low: int
    high: int

    @classmethod
    def of(cls, least_ns: int | None, most_ns: int | None) -> Buckets:
        """Return the buckets of durations within limits; None means no limit."""
        low = bucket(max(0, least_ns)) if least_ns is not None else 0
        return cls(low, bucket(min(max(0, most_ns), MAX_NS) if most_ns is not None else MAX_NS))

    @property
    def low_ns(self) -> int:
        """Return the lower limit of the durations."""
        return int(GROWTH**self.low) if self.low else 0

    @property
    def high_ns(self) -> int:
        """Return the upper limit of the durations."""
        return min(int(GROWTH ** (self.high + 1)) + 1, MAX_NS)
