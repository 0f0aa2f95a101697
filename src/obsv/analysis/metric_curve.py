"""The line that is drawn of a metric: rates of counters, means of distributions, gauges as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from obsv.store.figures import SeriesLine
from obsv.store.ground import DELTA, SUM, SUMMARY, Point, read_shown

_NS = 1e9


class Curve(NamedTuple):
    """The values of a series over time.

    Args:
        of: what they are: value, per second, or mean.
        times: Unix time in ns.
        values: None leaves a gap.
    """

    of: str
    times: list[int]
    values: list[float | None]


class Counted(NamedTuple):
    """The size and the sum of a distribution; `total` is None where it is not told."""

    size: int
    total: float | None


def curve(series: SeriesLine, points: Sequence[Point]) -> Curve:
    """Return the line of a series.

    Args:
        series: the series.
        points: oldest first.
    """
    if series.kind == "gauge" or (series.kind == SUM and not series.is_monotonic and series.temporality != DELTA):
        return _curve("value", ((point.time_ns, _number(point.value)) for point in points))
    if series.kind == SUM:
        steps = _steps(points, series.temporality, lambda value: value if _number(value) is not None else None)
        return _curve("per second", ((now.time_ns, _rate(now, since_ns, by)) for now, since_ns, by in steps))
    steps = _steps(points, series.temporality if series.kind != SUMMARY else "cumulative", counted)
    return _curve("mean", ((now.time_ns, _mean(by)) for now, _, by in steps))


def _curve(of: str, found: Any) -> Curve:
    pairs = list(found)
    return Curve(of, [time_ns for time_ns, _ in pairs], [value for _, value in pairs])


def _steps(points: Sequence[Point], temporality: str, read: Any) -> Iterator[tuple[Point, int, Any]]:
    """Yield each point, the time since when it counts (Unix time), and by how much it grew; None where not known."""
    if temporality == DELTA:
        for point in points:
            yield point, point.start_ns, read(point.value)
        return
    for before, now in pairwise(points):
        old, new = read(before.value), read(now.value)
        if old is None or new is None:
            yield now, 0, None
        elif _began_again(before, now, old, new):
            yield now, now.start_ns, new
        elif isinstance(new, Counted):
            yield now, before.time_ns, _grown(old, new)
        else:
            yield now, before.time_ns, new - old


def _began_again(before: Point, now: Point, old: Any, new: Any) -> bool:
    """Return whether a counter was reset in between."""
    fell = new.size < old.size if isinstance(new, Counted) else new < old
    return fell or now.start_ns > before.time_ns


def _grown(old: Counted, new: Counted) -> Counted:
    total = None if old.total is None or new.total is None else new.total - old.total
    return Counted(new.size - old.size, total)


def _rate(now: Point, since_ns: int, by: Any) -> float | None:
    seconds = (now.time_ns - since_ns) / _NS
    return None if by is None or not since_ns or seconds <= 0 else float(by) / seconds


def _mean(by: Counted | None) -> float | None:
    return by.total / by.size if by is not None and by.total is not None and by.size > 0 else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def counted(value: object) -> Counted | None:
    """Return size and sum of a stored distribution; None if it is none."""
    found = read_shown(value) if isinstance(value, str) else None
    if not isinstance(found, list) or len(found) < 2 or not isinstance(found[0], int):
        return None
    return Counted(found[0], _number(found[1]))


def told(series: SeriesLine) -> str:
    """Return the latest value of a series as a short text."""
    value = series.latest.value if series.latest is not None else None
    unit = "" if series.unit in ("", "1") or series.unit.startswith("{") else f" {series.unit}"
    number = _number(value)
    if number is not None:
        return f"{value:,}{unit}" if isinstance(value, int) else f"{number:,.6g}{unit}"
    found = counted(value)
    if found is None:
        return "–"
    mean = _mean(found)
    return f"{found.size:,}" + ("" if mean is None else f", mean {mean:,.4g}{unit}")


def labels(series: SeriesLine) -> str:
    """Return the attributes of a series as a short text: `name=value` each."""
    found = read_shown(series.attributes)
    pairs = found.items() if isinstance(found, dict) else ()
    return ", ".join(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in pairs)
