"""Points of received metrics: their series, their values, and many of them packed into bytes.

A value is a number, or null where a series says that it has none. Of other kinds it is a JSON array:

    histogram              [count, sum, min, max, [count of each bucket]]
    exponential histogram  [count, sum, min, max, scale, zero count, zero threshold, buckets, buckets]
    summary                [count, sum, [[quantile, value], ...]]

with null for a sum, minimum or maximum that was not told. Exponential buckets are [offset, [counts]], first of positive
values, then of negative ones.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple, TypeAlias

from obsv.store.ground.rows import Source

GAUGE, SUM, HISTOGRAM, EXPONENTIAL, SUMMARY = "gauge", "sum", "histogram", "exponential histogram", "summary"
DELTA, CUMULATIVE = "delta", "cumulative"
# Of a packed chunk once unpacked: 64 points of 1,000 buckets each have less.
MOST_UNPACKED: Final = 8 << 20

Value: TypeAlias = "int | float | str | None"


class Metric(NamedTuple):
    """The metric of several series: its name and its kind.

    Args:
        name, unit, description: as its program says.
        kind: GAUGE, SUM, HISTOGRAM, EXPONENTIAL or SUMMARY.
        temporality: DELTA or CUMULATIVE; empty for gauges and summaries.
        is_monotonic: whether a sum never falls.
    """

    name: str
    unit: str
    description: str
    kind: str
    temporality: str = ""
    is_monotonic: bool = False


class MetricSeries(NamedTuple):
    """The points of a metric with the same attributes, from one source.

    Args:
        source: resource and scope.
        metric: its metric.
        bounds: JSON array of the upper bounds of a histogram's buckets but the last.
        attributes: JSON object.
    """

    source: Source
    metric: Metric
    bounds: str
    attributes: str


class PointRow(NamedTuple):
    """A point of a series.

    Args:
        series: its series.
        time_ns, start_ns: Unix time; `start_ns` is 0 where it is not told.
        value: see above.
    """

    series: MetricSeries
    time_ns: int
    start_ns: int
    value: Value


class Point(NamedTuple):
    """A stored point; see `PointRow`."""

    time_ns: int
    start_ns: int
    value: Value


def pack(points: Sequence[Point]) -> bytes:
    """Return points in order of time as bytes: columns of differences compress to a few bytes a point."""
    times = [point.time_ns for point in points]
    starts = [point.start_ns for point in points]
    columns = [_differences(_differences(times)), _differences(starts), _packed([point.value for point in points])]
    return zlib.compress(json.dumps(columns, separators=(",", ":")).encode(), 6)


def unpack_points(packed: bytes) -> list[Point]:
    """Return the points that bytes hold; none if they are damaged."""
    decoder = zlib.decompressobj()
    try:
        times, starts, values = json.loads(decoder.decompress(packed, MOST_UNPACKED))
        if not decoder.eof:
            return []
        found = _sums(_sums(times)), _sums(starts), _unpacked(values)
        return [Point(*each) for each in zip(*found, strict=True)]
    except (zlib.error, ValueError, TypeError, RecursionError):
        return []


def _differences(numbers: Sequence[int]) -> list[int]:
    return [number - before for number, before in zip(numbers, [0, *numbers], strict=False)]


def _sums(differences: list[int]) -> list[int]:
    return list(accumulate(differences))


def _packed(values: list[Value]) -> list[Any]:
    # Counters grow by little; a list of differences is told from one of values by what stands before it.
    if all(type(value) is int for value in values):
        return ["d", *_differences(values)]  # type: ignore[arg-type]
    return ["v", *values]


def _unpacked(values: list[Any]) -> list[Any]:
    return _sums(values[1:]) if values[0] == "d" else values[1:]
