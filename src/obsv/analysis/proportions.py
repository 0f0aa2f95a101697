"""Significance of differences between two shares, or two percentiles; with few calls there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import erfc, exp, floor, lgamma, sqrt
from typing import NamedTuple

from obsv.store.ground import GROWTH, middle_ns

# Below this the normal distribution is no good picture of counts.
_LEAST_EXPECTED = 5
# Of percentiles: three in a thousand are beyond it by chance.
_SIGMAS = 3.0


def share_p_value(first: int, of_first: int, second: int, of_second: int) -> float:
    """Return the probability that two shares differ this much by chance if they are in fact equal.

    Args:
        first: how many of the first calls.
        of_first: how many calls these are.
        second: how many of the second calls.
        of_second: how many calls these are.

    Returns:
        the p-value of a two-sided test: of two proportions, or Fisher's where counts are small; 1 without calls.
    """
    whole, both = of_first + of_second, first + second
    if not of_first or not of_second or not 0 < both < whole:
        return 1.0
    smallest = min(of_first, of_second) * min(both, whole - both) / whole
    if smallest < _LEAST_EXPECTED:
        return _fisher(first, of_first, both, whole)
    pooled = both / whole
    error = sqrt(pooled * (1 - pooled) * (1 / of_first + 1 / of_second))
    return erfc(abs(first / of_first - second / of_second) / error / sqrt(2))


def _fisher(first: int, of_first: int, both: int, whole: int) -> float:
    def log_choose(n: int, k: int) -> float:
        return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)

    def log_p(count: int) -> float:
        chosen = log_choose(both, count) + log_choose(whole - both, of_first - count)
        return chosen - log_choose(whole, of_first)

    observed = log_p(first)
    counts = range(max(0, both + of_first - whole), min(both, of_first) + 1)
    return min(1.0, sum(exp(p) for p in map(log_p, counts) if p <= observed + 1e-9))


def absence_p_value(calls: int, before: float, after: float) -> float:
    """Return how likely it is that calls at one rate all fall before an instant.

    Args:
        calls: how many there were before.
        before: time before; its unit does not matter.
        after: time after, in the same unit.
    """
    return (before / (before + after)) ** calls if before else 1.0


def idle_p_value(called: int, before: float, after: float) -> float:
    """Return how likely it is that the minutes in which there were calls all lie before an instant.

    Args:
        called: in how many of the minutes before there were calls.
        before: minutes before.
        after: minutes after; a part of one counts as such.
    """
    before = max(before, called)
    ways = lgamma(before + 1) - lgamma(before - called + 1)
    return exp(ways + lgamma(before + after - called + 1) - lgamma(before + after + 1))


def surprising(p_values: Sequence[float], level: float = 0.01) -> list[bool]:
    """Return which of several simultaneous tests are significant, with Holm's correction.

    Args:
        p_values: of the tests.
        level: how likely one of them may say something by chance.
    """
    found = [False] * len(p_values)
    for done, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[at] > level / (len(p_values) - done):
            break
        found[at] = True
    return found


def estimated_share_p_value(first: Estimate, second: Estimate) -> float:
    """Return the same of shares whose calls are estimates: by the rows there are, and doubting the number of calls.

    Args:
        first: errors and calls of one side.
        second: of the other.

    Returns:
        the p-value of `share_p_value` with both numbers of calls moved by three standard errors towards equal shares.
    """
    rises = first.share < second.share
    return share_p_value(*first.doubted(fewer=rises), *second.doubted(fewer=not rises))


class Estimate(NamedTuple):
    """Failed calls among calls that are told by fewer rows.

    Attributes:
        errors, calls: estimates.
        error_rows: rows of failed calls.
        rows: all rows.
    """

    errors: int
    calls: int
    error_rows: int
    rows: int

    @property
    def share(self) -> float:
        """Return how many of the calls failed, 0 to 1."""
        return self.errors / self.calls if self.calls else 0.0

    def doubted(self, *, fewer: bool) -> tuple[int, int]:
        """Return the rows of errors, and of how many calls they are if these are `fewer`, or more, than estimated."""
        good, good_rows = self.calls - self.errors, max(1, self.rows - self.error_rows)
        # Where each row of an error stands for as many as it fails for, the others are thinned out alike.
        per_row = self.errors / self.error_rows if self.error_rows else 1.0
        doubt = _SIGMAS / sqrt(good_rows) if self.calls > self.rows else 0.0
        others = good / max(1.0, per_row) * (max(0.0, 1 - doubt) if fewer else 1 + doubt)
        return self.error_rows, self.error_rows + round(others)


def percentile_bounds(buckets: Mapping[int, int], q: float, per_row: float = 1.0) -> tuple[float, float] | None:
    """Between which durations the percentile lies; None without calls.

    Args:
        buckets: how many durations fell into each bucket.
        q: the share, 0.95 for P95.
        per_row: for how many calls a recorded one stands: these have one duration.

    Returns:
        ns; 0 and infinite where there are too few calls to say.
    """
    calls = sum(buckets.values())
    if not calls:
        return None
    spread = _SIGMAS * sqrt(per_row * calls * q * (1 - q))
    low, high = floor(calls * q - spread), floor(calls * q + spread + per_row) + 1
    least = _at_rank(buckets, low) / sqrt(GROWTH) if low >= 1 else 0.0
    return least, _at_rank(buckets, high) * sqrt(GROWTH)


def _at_rank(buckets: Mapping[int, int], rank: int) -> float:
    seen = 0
    for number in sorted(buckets):
        seen += buckets[number]
        if seen >= rank:
            return middle_ns(number)
    return float("inf")
