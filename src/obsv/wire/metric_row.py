"""Data points of metrics from outside become rows, whatever encoding they came in."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from obsv.store.ground import EXPONENTIAL, HISTOGRAM, SUMMARY, Metric, MetricSeries, PointRow, Source, Value
from obsv.wire.limits import INT64_MAX
from obsv.wire.log_row import plain
from obsv.wire.rowmaker import RowMaker, encode

# SDKs have 20 bounds, or 160 exponential buckets.
MOST_BUCKETS = 1_000
MOST_ATTRIBUTES, ATTRIBUTES_CHARS = 128, 20_000
# The flag of a point that says: there is no value here any more.
NO_VALUE = 1

BAD_POINT = "data points that are no valid message"
BAD_BUCKETS = f"data points with more than {MOST_BUCKETS:,} buckets, or with buckets that do not fit their bounds"
BAD_ATTRIBUTES = (
    f"data points with more than {MOST_ATTRIBUTES} attributes, or more than {ATTRIBUTES_CHARS:,} characters"
)
NO_NAME = "data points of metrics without a name"


class Buckets(NamedTuple):
    """Exponential buckets on one side of zero."""

    offset: int
    counts: Sequence[int]


class Distribution(NamedTuple):
    """A value that is not one number.

    Args:
        size, total, least, most: of its observations, and how many they are; None where it is not told.
        bounds, counts: of a histogram's buckets.
        scale, zeros, zero_threshold, positive, negative: of exponential buckets.
        quantiles: of a summary.
    """

    size: int
    total: float | None = None
    least: float | None = None
    most: float | None = None
    bounds: Sequence[float] = ()
    counts: Sequence[int] = ()
    scale: int = 0
    zeros: int = 0
    zero_threshold: float = 0.0
    positive: Buckets = Buckets(0, ())
    negative: Buckets = Buckets(0, ())
    quantiles: Sequence[tuple[float, float]] = ()


class PointParts(NamedTuple):
    """A data point as read from either encoding.

    Args:
        time_ns, start_ns: Unix time; 0 where it is not told.
        flags: DataPointFlags.
        attributes: OTLP JSON KeyValues.
        value: a number, a distribution, or None.
    """

    time_ns: int
    start_ns: int
    flags: int
    attributes: list[Any]
    value: int | float | Distribution | None


def point_row(parts: PointParts, metric: Metric, source: Source, maker: RowMaker) -> PointRow | str:
    """Return the row of a data point, or the reason why there is none.

    Args:
        parts: the point.
        metric: its metric, with a clean name.
        source: its resource and scope.
        maker: knows the limits, and when the request came.
    """
    if not metric.name:
        return NO_NAME
    attributes = _attributes(parts.attributes, maker)
    if attributes is None:
        return BAD_ATTRIBUTES
    value, bounds = parts.value, "[]"
    if isinstance(value, Distribution):
        if not _fits(value):
            return BAD_BUCKETS
        bounds = encode(list(value.bounds)) if metric.kind == HISTOGRAM else bounds
    time_ns = parts.time_ns if 0 < parts.time_ns <= maker.latest_ns else maker.now_ns
    start_ns = parts.start_ns if 0 < parts.start_ns <= time_ns else 0
    stored = None if parts.flags & NO_VALUE else _stored(value, metric.kind)
    return PointRow(MetricSeries(source, metric, bounds, attributes), time_ns, start_ns, stored)


def _attributes(pairs: list[Any], maker: RowMaker) -> str | None:
    if not pairs:
        return "{}"
    if len(pairs) > MOST_ATTRIBUTES:
        return None
    found = {pair["key"]: plain(pair["value"]) for pair in maker.cleaner.pairs(pairs)}
    text = _SORTED(found)
    return text if len(text) <= ATTRIBUTES_CHARS else None


def _fits(value: Distribution) -> bool:
    numbers = len(value.counts) + len(value.quantiles) + len(value.positive.counts) + len(value.negative.counts)
    if max(numbers, len(value.bounds)) > MOST_BUCKETS:
        return False
    if not value.counts and not value.bounds:
        return True
    is_rising = all(low < high for low, high in pairwise(value.bounds)) and all(map(math.isfinite, value.bounds))
    return is_rising and len(value.counts) == len(value.bounds) + 1


def _stored(value: int | float | Distribution | None, kind: str) -> Value:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    sums = [value.size, _number(value.total)]
    if kind == SUMMARY:
        return encode([*sums, [[_number(each), _number(found)] for each, found in value.quantiles]])
    sums += [_number(value.least), _number(value.most)]
    if kind != EXPONENTIAL:
        return encode([*sums, list(value.counts)])
    sides = [[side.offset, list(side.counts)] for side in (value.positive, value.negative)]
    return encode([*sums, value.scale, value.zeros, _number(value.zero_threshold) or 0.0, *sides])


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def within(number: int) -> int:
    """Return a number within 64 bits."""
    return max(-INT64_MAX - 1, min(INT64_MAX, number))


_SORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
