"""Axes whose labels read as the rest of the app does: plotly would write 0.04 ms as `40m ms`, and half a call."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10
from typing import Any

from obsv.dashboards.clock import NS

TICKS = 4
STEPS = (1, 2, 2.5, 5, 10)
TIMES = ((NS, " s"), (1_000_000, " ms"), (1000, " µs"), (1, " ns"))
# Below ten thousand a count is written in full.
COUNTS = ((10**9, " G"), (10**6, " M"), (10**4, " k"), (1, ""))


def duration_axis(values_ns: Iterable[float | None]) -> dict[str, Any]:
    """An axis of durations from 0, for traces in ns."""
    places = _places(max((value for value in values_ns if value is not None), default=0))
    size, unit = next(each for each in TIMES if places[-1] >= each[0])
    return _axis(places, size, unit)


def count_axis(values: Iterable[float]) -> dict[str, Any]:
    """An axis of counts from 0: whole numbers."""
    places = _places(max(values, default=0))
    size, unit = next(each for each in COUNTS if places[-1] >= each[0])
    return _axis(places, min(size, 1000) if unit == " k" else size, unit)


def _places(most: float) -> list[int]:
    """Round numbers from 0 to the last below, or at, `most`; at least 0 and 1."""
    rough = max(1.0, most / TICKS)
    power = 10 ** floor(log10(rough))
    step = next(int(each * power) for each in STEPS if each * power >= rough and each * power % 1 == 0)
    return [step * at for at in range(max(1, floor(most / step)) + 1)]


def _axis(places: list[int], size: int, unit: str) -> dict[str, Any]:
    labels = ["0", *(f"{place / size:,g}{unit}" for place in places[1:])]
    return {"fixedrange": True, "showgrid": True, "tickvals": places, "ticktext": labels}
