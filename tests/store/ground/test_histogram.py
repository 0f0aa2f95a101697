"""Log-scaled histograms of durations."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.store.ground.histogram import bucket, buckets, middle_ns, percentile, percentile_within, upper_ns

DURATIONS = st.integers(0, 2**63 - 1) | st.integers(0, 10**6)


@given(DURATIONS)
def test_bucket_holds_its_duration(duration: int) -> None:
    """A duration lies between the ends of its bucket."""
    number = bucket(duration)
    assert duration <= upper_ns(number)
    assert number == 0 or duration > upper_ns(number - 1) - 1


@given(st.lists(DURATIONS))
def test_many_are_as_one(durations: list[int]) -> None:
    """The bucket of each of many is the bucket of it alone."""
    assert list(buckets(durations)) == [bucket(duration) for duration in durations]


@given(st.lists(st.integers(20, 10**12), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_percentile_is_within_five_percent(durations: list[int], q: float) -> None:
    """The percentile of a histogram is within 5 % of the one of the durations themselves (nearest rank)."""
    exact = sorted(durations)[max(1, ceil(q * len(durations))) - 1]
    found = percentile(Counter(map(bucket, durations)), q)
    assert found is not None
    assert abs(found / exact - 1) < 0.05


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=30), st.sampled_from([0.5, 0.95, 0.99]))
def test_percentile_with_sum_and_maximum_known(durations: list[int], q: float) -> None:
    """None is longer than the longest call; of one call, and of calls that are equal, it is their duration."""
    found = percentile_within(Counter(map(bucket, durations)), q, sum(durations), max(durations))
    assert found is not None
    assert found <= max(durations)
    assert found == pytest.approx(sorted(durations)[ceil(q * len(durations)) - 1], rel=0.08, abs=1.1)
    if len(set(durations)) == 1:
        assert found == durations[0]


def test_percentile_of_nothing() -> None:
    """Without a call there is no percentile."""
    assert percentile({}, 0.5) is None


def test_middle_lies_in_the_bucket() -> None:
    """The representative of a bucket lies in it."""
    assert all(upper_ns(number - 1) < middle_ns(number) < upper_ns(number) for number in range(1, 560))
