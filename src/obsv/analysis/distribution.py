"""Durations as bars: neighbouring buckets of a histogram put together until there are few enough to see."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import NamedTuple

from obsv.store.ground import GROWTH, bucket

MOST_BARS = 48


class Bar(NamedTuple):
    """Durations above `low_ns` up to `high_ns`: how many calls had one."""

    low_ns: float
    high_ns: float
    calls: int


class Scale(NamedTuple):
    """Where bars stand: `step` buckets a bar, `bars` of them from bucket `first` on."""

    first: int
    step: int
    bars: int

    @classmethod
    def over(cls, *histograms: Mapping[int, int]) -> Scale:
        """The scale on which all of some histograms can be drawn."""
        numbers = [number for histogram in histograms for number, calls in histogram.items() if calls]
        if not numbers:
            return cls(0, 1, 0)
        width = max(numbers) - min(numbers) + 1
        step = -(-width // MOST_BARS)
        return cls(min(numbers), step, -(-width // step))

    def draw(self, histogram: Mapping[int, int]) -> list[Bar]:
        """The bars of a histogram, also those without a call."""
        sums = [0] * self.bars
        for number, calls in histogram.items():
            sums[(number - self.first) // self.step] += calls
        return [Bar(self.edge(at), self.edge(at + 1), calls) for at, calls in enumerate(sums)]

    def edge(self, at: int) -> float:
        """Where a bar begins, in ns."""
        return GROWTH ** (self.first + at * self.step)

    def at(self, ns: float) -> float:
        """Where a duration lies on the axis, counted in bars: what `edge` takes."""
        return (log(ns, GROWTH) - self.first) / self.step

    def place(self, ns: float) -> float:
        """Where a duration stands, counted in bars from the left edge of the first."""
        return (bucket(int(ns)) - self.first + 0.5) / self.step
