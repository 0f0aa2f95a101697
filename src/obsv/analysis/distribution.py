"""Durations as bars: neighbouring buckets of a histogram merged until there are few enough to display."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import NamedTuple

from obsv.store.ground import GROWTH, bucket

MOST_BARS = 48


class Bar(NamedTuple):
    """The number of calls with durations above `low_ns` up to `high_ns`."""

    low_ns: float
    high_ns: float
    calls: int


class Scale(NamedTuple):
    """The positions of bars: `bars` bars of `step` buckets each, starting at bucket `first`."""

    first: int
    step: int
    bars: int

    @classmethod
    def over(cls, *histograms: Mapping[int, int]) -> Scale:
        """Return the scale on which several histograms can be drawn completely."""
        numbers = [number for histogram in histograms for number, calls in histogram.items() if calls]
        if not numbers:
            return cls(0, 1, 0)
        width = max(numbers) - min(numbers) + 1
        step = -(-width // MOST_BARS)
        return cls(min(numbers), step, -(-width // step))

    def draw(self, histogram: Mapping[int, int]) -> list[Bar]:
        """Return the bars of a histogram, including those without calls."""
        sums = [0] * self.bars
        for number, calls in histogram.items():
            sums[(number - self.first) // self.step] += calls
        return [Bar(self.edge(at), self.edge(at + 1), calls) for at, calls in enumerate(sums)]

    def edge(self, at: int) -> float:
        """Return the lower edge of a bar, in ns."""
        return GROWTH ** (self.first + at * self.step)

    def at(self, ns: float) -> float:
        """Return the position of a duration on the axis, in bars: the argument of `edge`."""
        return (log(ns, GROWTH) - self.first) / self.step

    def place(self, ns: float) -> float:
        """Return the position of a duration, in bars from the left edge of the first."""
        return (bucket(int(ns)) - self.first + 0.5) / self.step
