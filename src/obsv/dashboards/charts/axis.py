"""Axes with labels in the app's formats: plotly would write 0.04 ms as `40m ms`, and show half a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import floor, log10
from typing import Any

from obsv.times import NS

TICKS = 4
STEPS = (1, 2, 2.5, 5, 10)
TIMES = ((NS, " s"), (1_000_000, " ms"), (1000, " µs"), (1, " ns"))
# Counts below ten thousand are written in full.
COUNTS = ((10**9, " G"), (10**6, " M"), (10**4, " k"), (1, ""))
# A value this many times higher than nine in ten of the others is a burst: shown in full, it would flatten them to a
# line.
BURST = 5.0
ENOUGH = 8


def duration_axis(values_ns: Iterable[float | None]) -> dict[str, Any]:
    """Return an axis of durations from 0, for traces in ns; a burst is cut off."""
    values = [value for value in values_ns if value is not None]
    top = cap(values)
    places = _places(top or max(values, default=0))
    size, unit = next(each for each in TIMES if places[-1] >= each[0])
    return _axis(places, size, unit, top)


def count_axis(values: Iterable[float]) -> dict[str, Any]:
    """Return an axis of counts from 0, with whole numbers; a burst is cut off."""
    values = list(values)
    top = cap(values)
    places = _places(top or max(values, default=0))
    size, unit = next(each for each in COUNTS if places[-1] >= each[0])
    return _axis(places, min(size, 1000) if unit == " k" else size, unit, top)


def cap(values: Iterable[float | None]) -> float | None:
    """Return the end of an axis that keeps a burst from flattening the rest; None if there is no burst."""
    known = sorted(value for value in values if value)
    if len(known) < ENOUGH:
        return None
    usual = known[int(len(known) * 0.9) - 1]
    return 1.5 * usual if known[-1] > BURST * usual else None


def cut_marks(
    x: Sequence[Any], values: Sequence[float | None], top: float | None, text: Callable[[float], str]
) -> list[dict[str, Any]]:
    """Return plotly annotations with the values that were cut off.

    Args:
        x: position of each value.
        values: all values.
        top: the result of `cap`.
        text: formats a value.
    """
    high = [(at, value) for at, value in zip(x, values, strict=True) if top and value and value > top]
    look = {"yref": "paper", "y": 1, "yanchor": "bottom", "showarrow": False, "font": {"size": 10}}
    return [{"x": at, "text": f"▲ {text(value)}", **look} for at, value in high]


def time_axis(**more: Any) -> dict[str, Any]:
    """Return an x axis of local times on which a range can be selected with the pointer (`chart.js`)."""
    return {"fixedrange": False, "nticks": 8, "tickangle": 0, "tickformat": "%H:%M\n%b %d", **more}


def log_ticks(low_ns: float, high_ns: float) -> dict[float, str]:
    """Return ticks and labels of a log axis of durations: 1, 10, 100; also 2 and 5 if there would be too few.

    Args:
        low_ns: lower end of the axis.
        high_ns: upper end of the axis.
    """
    powers = range(floor(log10(max(low_ns, 1))), floor(log10(max(high_ns, 1))) + 1)
    for digits in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        found = [each * 10**power for power in powers for each in digits if low_ns <= each * 10**power <= high_ns]
        if len(found) >= 3:
            break
    return {place: _time(place) for place in found}


def _time(ns: float) -> str:
    size, unit = next((each for each in TIMES if ns >= each[0]), TIMES[-1])
    return f"{ns / size:,g}{unit}"


def _places(most: float) -> list[int]:
    """Return round numbers from 0 up to `most`; at least 0 and 1."""
    rough = max(1.0, most / TICKS)
    power = 10 ** floor(log10(rough))
    step = next(int(each * power) for each in STEPS if each * power >= rough and each * power % 1 == 0)
    return [step * at for at in range(max(1, floor(most / step)) + 1)]


def _axis(places: list[int], size: int, unit: str, top: float | None) -> dict[str, Any]:
    labels = ["0", *(f"{place / size:,g}{unit}" for place in places[1:])]
    cut = {"range": [0, top], "autorange": False} if top else {}
    return {"fixedrange": True, "showgrid": True, "tickvals": places, "ticktext": labels, **cut}
