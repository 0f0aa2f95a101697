"""Durations as bars."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from obsv.analysis.distribution import MOST_BARS, Scale
from obsv.store.ground.histogram import bucket

HISTOGRAMS = st.dictionaries(st.integers(0, 560), st.integers(1, 1_000), max_size=60)


@given(HISTOGRAMS, HISTOGRAMS)
def test_bars_hold_every_call_once(one: dict[int, int], other: dict[int, int]) -> None:
    """On one scale for two histograms, in at most so many bars, each beginning where the last ended."""
    scale = Scale.over(one, other)
    for histogram in (one, other):
        bars = scale.draw(histogram)
        assert sum(bar.calls for bar in bars) == sum(histogram.values())
        assert len(bars) <= MOST_BARS
        assert all(before.high_ns == after.low_ns for before, after in itertools.pairwise(bars))


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_duration_stands_on_its_bar(one: int, other: int) -> None:
    """A duration is placed on the bar that counts its call."""
    histogram = {bucket(one): 1, bucket(other): 1}
    scale = Scale.over(histogram)
    bars = scale.draw(histogram)
    assert bars[int(scale.place(one))].calls


def test_nothing_has_no_bars() -> None:
    """An empty histogram can be drawn too."""
    assert Scale.over({}).draw({}) == []
