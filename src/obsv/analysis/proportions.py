"""Significance of differences between two shares, or two percentiles; with few calls there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import erfc, exp, floor, lgamma, sqrt

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


def percentile_bounds(buckets: Mapping[int, int], q: float) -> tuple[float, float] | None:
    """Between which durations the percentile lies; None without calls.

    Args:
        buckets: how many durations fell into each bucket.
        q: the share, 0.95 for P95.

    Returns:
        ns; the upper one is infinite where there are too few calls to say.
    """
    calls = sum(buckets.values())
    if not calls:
        return None
    spread = _SIGMAS * sqrt(calls * q * (1 - q))
    low, high = floor(calls * q - spread), floor(calls * q + spread) + 2
    return _at_rank(buckets, max(1, low)) / sqrt(GROWTH), _at_rank(buckets, high) * sqrt(GROWTH)


def _at_rank(buckets: Mapping[int, int], rank: int) -> float:
    seen = 0
    for number in sorted(buckets):
        seen += buckets[number]
        if seen >= rank:
            return middle_ns(number)
    return float("inf")
