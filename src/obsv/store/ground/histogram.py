"""Log-scaled histograms of durations: pure arithmetic.

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

# Longest durations of buckets 0, 1, …; 2^63 ns is the longest there is. Whole numbers compare three times as fast.
_ENDS = [int(GROWTH ** (b + 1)) for b in range(568)]


def bucket(duration_ns: int) -> int:
    """The bucket that a duration falls into.

    Args:
        duration_ns: nanoseconds; 1 and less fall into bucket 0.

    Returns:
        the bucket's number, 0 or more.
    """
    return bisect_left(_ENDS, duration_ns)


def buckets(durations_ns: Iterable[int]) -> Iterator[int]:
    """The bucket of each duration, like `bucket`."""
    return map(partial(bisect_left, _ENDS), durations_ns)


def upper_ns(number: int) -> float:
    """The longest duration that falls into a bucket, in nanoseconds."""
    return GROWTH ** (number + 1)


def middle_ns(number: int) -> float:
    """The duration that stands for a bucket: its geometric middle, in nanoseconds."""
    return GROWTH**number * sqrt(GROWTH)


def percentile(buckets: Mapping[int, int], q: float) -> float | None:
    """The duration that a share of calls did not exceed, within 4 %.

    Args:
        buckets: how many calls fell into each bucket.
        q: the share, above 0 up to 1: 0.95 for P95. Nearest rank.

    Returns:
        nanoseconds, or None without a call.
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


class Buckets(NamedTuple):
    """Buckets from one to another, both within."""

    low: int
    high: int

    @classmethod
    def of(cls, least_ns: int | None, most_ns: int | None) -> Buckets:
        """Those of the durations within limits; None is none."""
        low = bucket(max(0, least_ns)) if least_ns is not None else 0
        return cls(low, bucket(min(max(0, most_ns), MAX_NS) if most_ns is not None else MAX_NS))

    @property
    def low_ns(self) -> int:
        """No duration in them is shorter."""
        return int(GROWTH**self.low) if self.low else 0

    @property
    def high_ns(self) -> int:
        """No duration in them is longer."""
        return min(int(GROWTH ** (self.high + 1)) + 1, MAX_NS)
