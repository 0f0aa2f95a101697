"""Differences of shares and percentiles: told where they are no accident, and only there."""

from __future__ import annotations

import random
from collections import Counter
from math import comb, inf

import pytest

from obsv.analysis.proportions import absence_p_value, idle_p_value, percentile_bounds, share_p_value, surprising
from obsv.store.ground import bucket


def exact(first: int, of_first: int, second: int, of_second: int) -> float:
    """Fisher's test by counting."""
    whole, both = of_first + of_second, first + second
    chances = {
        count: comb(both, count) * comb(whole - both, of_first - count) / comb(whole, of_first)
        for count in range(max(0, both + of_first - whole), min(both, of_first) + 1)
    }
    return sum(p for p in chances.values() if p <= chances[first] * (1 + 1e-9))


@pytest.mark.parametrize("counts", [(0, 20, 5, 20), (1, 8, 7, 9), (0, 1_000, 3, 12), (2, 5, 0, 400)])
def test_small_counts_are_tested_exactly(counts: tuple[int, int, int, int]) -> None:
    """As all tables of the same sums would have it."""
    assert share_p_value(*counts) == pytest.approx(exact(*counts))


def test_large_counts_are_tested_by_the_normal_distribution() -> None:
    """1.96 standard errors are 5 %."""
    assert share_p_value(480, 10_000, 541, 10_000) == pytest.approx(0.05, abs=0.003)


@pytest.mark.parametrize("counts", [(0, 0, 1, 5), (0, 10, 0, 10), (5, 5, 7, 7), (3, 10, 3, 10)])
def test_equal_or_missing_calls_say_nothing(counts: tuple[int, int, int, int]) -> None:
    """However few they are."""
    assert share_p_value(*counts) == pytest.approx(1.0)


@pytest.mark.parametrize(("called", "before", "after"), [(3, 5, 2), (60, 60, 1), (1, 60, 10)])
def test_minutes_without_calls_are_tested_exactly(called: int, before: int, after: int) -> None:
    """All ways to lay them, against those that leave the later minutes empty."""
    assert idle_p_value(called, before, after) == pytest.approx(comb(before, called) / comb(before + after, called))
    assert idle_p_value(called, before, 0.0) == pytest.approx(1.0)


def test_calls_that_are_absent_are_tested_by_time() -> None:
    """Three calls, all in the first of two equal halves."""
    assert absence_p_value(3, 30.0, 30.0) == pytest.approx(1 / 8)
    assert absence_p_value(3, 0.0, 30.0) == 1.0


def test_one_call_has_no_lower_bound() -> None:
    """A single slow call says nothing of the percentile."""
    assert percentile_bounds({bucket(5_000): 1}, 0.95) == (0.0, inf)


def test_of_many_tests_few_speak_by_chance() -> None:
    """Two hundred functions that did not change, a hundred times."""
    dice = random.Random(7)
    spoke = 0
    for _ in range(100):
        counts = [(sum(dice.random() < 0.05 for _ in range(60)), sum(dice.random() < 0.05 for _ in range(60)))
                  for _ in range(20)]  # fmt: skip
        spoke += any(surprising([share_p_value(first, 60, second, 60) for first, second in counts]))
    assert spoke <= 4


def test_one_that_is_clear_speaks_among_many() -> None:
    """The others do not drown it."""
    assert surprising([0.4, 1e-9, 0.02, 0.9]) == [False, True, False, False]


def test_bounds_hold_the_percentile() -> None:
    """Of samples of a known distribution; nearly always, and with few calls without an upper end."""
    dice = random.Random(3)
    truth = 950.0
    held = 0
    for _ in range(100):
        buckets = Counter(bucket(int(dice.random() * 1_000)) for _ in range(400))
        bounds = percentile_bounds(buckets, 0.95)
        assert bounds is not None
        held += bounds[0] <= truth <= bounds[1]
    assert held >= 97
    few = percentile_bounds({bucket(1_000): 20}, 0.95)
    assert few is not None
    assert few[1] == inf
    assert percentile_bounds({}, 0.95) is None
