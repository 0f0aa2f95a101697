"""OTLP metrics in JSON to rows, by the same rules as spans in JSON (`jsonform.py`)."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from obsv.store.ground import (
    EXPONENTIAL,
    GAUGE,
    HISTOGRAM,
    SUM,
    SUMMARY,
    Metric,
    PointRow,
    Source,
)
from obsv.wire.budget import SLICE_SPANS
from obsv.wire.clean import count
from obsv.wire.detail import nanoseconds
from obsv.wire.errors import BadRequest
from obsv.wire.json_parts import list_in, object_in
from obsv.wire.metric_protobuf import TEMPORALITIES
from obsv.wire.metric_row import BAD_POINT, MOST_BUCKETS, Buckets, Distribution, PointParts, point_row, within
from obsv.wire.odd_parts import odd_in_point
from obsv.wire.rowmaker import Decoded, RowMaker
from obsv.wire.scoped_json import Names, scopes_of

NAMES = Names("resourceMetrics", "scopeMetrics", "metrics")
NO_METRIC = "entries of `metrics` that are no objects"
KINDS = {
    "gauge": GAUGE,
    "sum": SUM,
    "histogram": HISTOGRAM,
    "exponentialHistogram": EXPONENTIAL,
    "summary": SUMMARY,
}
# Names are against the specification, and what protobuf's own JSON printers write.
_ENUM = ("UNSPECIFIED", "DELTA", "CUMULATIVE")
_TEMPORALITIES = {f"AGGREGATION_TEMPORALITY_{name}": number for number, name in enumerate(_ENUM)}
# Scales of the specification's own implementations are between -10 and 20, offsets beyond 32 bits are none.
_MOST_SCALE, _MOST_OFFSET = 64, 2**31 - 1
_MOST_COUNT = 2**64 - 1


def metric_json_slices(body: bytes, maker: RowMaker) -> Iterator[Decoded]:
    """Yield the data points of an `ExportMetricsServiceRequest` in OTLP JSON, a few hundred at a time.

    Args:
        body: UTF-8 text, decompressed.
        maker: remembers sources; others may use it between two slices.

    Raises:
        BadRequest: the text is no JSON object, or its outer fields are of the wrong kind.
        TooLarge: it has more values than `budget` allows.
    """
    wrong: Counter[str] = Counter()
    odd = 0
    try:
        for scoped in scopes_of(body, NAMES, maker, wrong):
            odd += scoped.odd
            yield from _sliced(_points(scoped.records, wrong, maker), scoped.source, maker)
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None
    yield Decoded([], wrong, odd=odd)


def _points(metrics: list[Any], wrong: Counter[str], maker: RowMaker) -> Iterator[tuple[Metric, Any]]:
    for metric in metrics:
        if not isinstance(metric, dict):
            wrong[NO_METRIC] += 1
            continue
        for name, kind in KINDS.items():
            data = metric.get(name)
            if isinstance(data, dict):
                about = _metric(metric, data, kind, maker)
                yield from ((about, point) for point in list_in(data, "dataPoints"))


def _metric(metric: dict[str, Any], data: dict[str, Any], kind: str, maker: RowMaker) -> Metric:
    name, unit, description = (maker.cleaner.name(metric.get(key)) for key in ("name", "unit", "description"))
    if kind in (GAUGE, SUMMARY):
        return Metric(name, unit, description, kind)
    told = data.get("aggregationTemporality")
    number = _TEMPORALITIES.get(told, 0) if isinstance(told, str) and not told.isdecimal() else count(told)
    temporality = TEMPORALITIES[number] if number < len(TEMPORALITIES) else ""
    return Metric(name, unit, description, kind, temporality, kind == SUM and data.get("isMonotonic") is True)


def _sliced(points: Iterator[tuple[Metric, Any]], source: Source, maker: RowMaker) -> Iterator[Decoded]:
    rows: list[PointRow] = []
    rejected: Counter[str] = Counter()
    odd = 0
    maker.arrive(time.time_ns())
    for metric, point in points:
        found = _row(point, metric, source, maker)
        if isinstance(found, str):
            rejected[found] += 1
        else:
            rows.append(found)
            odd += odd_in_point(point)
        if len(rows) + rejected.total() >= SLICE_SPANS:
            yield Decoded([], rejected, odd=odd, points=rows)
            rows, rejected, odd = [], Counter(), 0
            maker.arrive(time.time_ns())
    yield Decoded([], rejected, odd=odd, points=rows)


def _row(point: Any, metric: Metric, source: Source, maker: RowMaker) -> PointRow | str:
    if not isinstance(point, dict):
        return BAD_POINT
    try:
        value = _value(point, metric.kind)
    except (TypeError, ValueError, OverflowError):
        return BAD_POINT
    parts = PointParts(
        nanoseconds(point.get("timeUnixNano")),
        nanoseconds(point.get("startTimeUnixNano")),
        count(point.get("flags")),
        list_in(point, "attributes"),
        value,
    )
    return point_row(parts, metric, source, maker)


def _value(point: dict[str, Any], kind: str) -> int | float | Distribution | None:
    if kind in (GAUGE, SUM):
        if point.get("asInt") is not None:
            return within(int(point["asInt"]))
        return _double(point.get("asDouble"))
    number = _size(point.get("count"))
    if kind == SUMMARY:
        told = [each for each in list_in(point, "quantileValues")[: MOST_BUCKETS + 1] if isinstance(each, dict)]
        quantiles = [(_double(each.get("quantile")) or 0.0, _double(each.get("value")) or 0.0) for each in told]
        return Distribution(number, _double(point.get("sum")) or 0.0, quantiles=quantiles)
    total, least, most = (_double(point.get(name)) for name in ("sum", "min", "max"))
    if kind == HISTOGRAM:
        bounds = [float(each) for each in list_in(point, "explicitBounds")]
        return Distribution(number, total, least, most, bounds, _counts(point, "bucketCounts"))
    return Distribution(
        number,
        total,
        least,
        most,
        scale=_clamped(point.get("scale"), _MOST_SCALE),
        zeros=_size(point.get("zeroCount")),
        zero_threshold=_double(point.get("zeroThreshold")) or 0.0,
        positive=_buckets(object_in(point, "positive")),
        negative=_buckets(object_in(point, "negative")),
    )


def _buckets(owner: dict[str, Any]) -> Buckets:
    return Buckets(_clamped(owner.get("offset"), _MOST_OFFSET), _counts(owner, "bucketCounts"))


def _counts(owner: dict[str, Any], name: str) -> list[int]:
    return [_size(each) for each in list_in(owner, name)]


def _size(value: Any) -> int:
    number = int(value or 0)
    if not 0 <= number <= _MOST_COUNT:
        raise ValueError(number)
    return number


def _clamped(value: Any, most: int) -> int:
    return max(-most, min(most, int(value or 0)))


def _double(value: Any) -> float | None:
    return None if value is None else float(value)
