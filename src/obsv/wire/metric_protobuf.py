"""OTLP metrics in protobuf to rows: down to each data point without creating objects of what is around it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
    SummaryDataPoint,
)

from obsv.store.ground import (
    CUMULATIVE,
    DELTA,
    EXPONENTIAL,
    GAUGE,
    HISTOGRAM,
    SUM,
    SUMMARY,
    Metric,
    PointRow,
    Source,
)
from obsv.wire.budget import MOST_FIELDS, MOST_SPAN_BYTES, SLICE_BYTES, SLICE_SPANS
from obsv.wire.errors import BadRequest
from obsv.wire.lenient import parsed
from obsv.wire.messages import key_values
from obsv.wire.metric_row import BAD_POINT, Buckets, Distribution, PointParts, point_row
from obsv.wire.rowmaker import Decoded, RowMaker
from obsv.wire.scoped_protobuf import Place, Scoped, Walk, is_crowded, text_of

OVERSIZED = f"data points of more than {MOST_SPAN_BYTES:,} bytes or {MOST_FIELDS:,} fields"
PARTS = "resources, scopes, metrics and data points"
NAME, DESCRIPTION, UNIT = 0x0A, 0x12, 0x1A
# Of a gauge, a sum, …: their points, and two numbers beside them.
POINTS, TEMPORALITY, IS_MONOTONIC = 0x0A, 0x10, 0x18
TEMPORALITIES = ("", DELTA, CUMULATIVE)
# Of the texts of a metric; a name is cut to the limit of names.
_MOST_TEXT_BYTES = 8_000


class Kind(NamedTuple):
    """A kind of metric: its name, the message of its points, and what reads their value."""

    name: str
    message: Callable[[], Any]
    value: Callable[[Any], int | float | Distribution | None]


def metric_protobuf_slices(body: bytes, maker: RowMaker) -> Iterator[Decoded]:
    """Yield the data points of an `ExportMetricsServiceRequest`, a few hundred at a time.

    Args:
        body: the message's bytes, decompressed.
        maker: remembers sources; others may use it between two slices.

    Raises:
        BadRequest: the bytes are no such message.
        TooLarge: it has more parts than `budget` allows.
    """
    walk = Walk(body, maker, PARTS)
    for scoped in walk.scopes():
        if scoped is None:
            yield Decoded([], Counter())
        else:
            yield from _sliced(walk, scoped, maker)


def _sliced(walk: Walk, scoped: Scoped, maker: RowMaker) -> Iterator[Decoded]:
    points: list[PointRow] = []
    rejected: Counter[str] = Counter()
    seen = size = 0
    maker.arrive(time.time_ns())
    for place in scoped.places:
        for metric, kind, point in _points(walk, place, maker):
            found = _row(walk.body, point, kind, metric, scoped.source, maker)
            if isinstance(found, str):
                rejected[found] += 1
            else:
                points.append(found)
            seen += 1
            size += point.stop - point.begin
            if seen >= SLICE_SPANS or size > SLICE_BYTES:
                yield Decoded([], rejected, points=points)
                points, rejected, seen, size = [], Counter(), 0, 0
                maker.arrive(time.time_ns())
        seen += 1  # a metric without points takes time too
    yield Decoded([], rejected, points=points)


def _points(walk: Walk, place: Place, maker: RowMaker) -> Iterator[tuple[Metric, Kind, Place]]:
    """Yield the points of a metric."""
    texts = {NAME: b"", DESCRIPTION: b"", UNIT: b""}
    data: tuple[Kind, Place] | None = None
    for tag, _, begin, stop in walk.fields(*place):
        if tag in texts:
            texts[tag] = walk.body[begin : min(stop, begin + _MOST_TEXT_BYTES)]
        elif tag in KINDS:
            data = KINDS[tag], Place(begin, stop)  # the last one, as protobuf has it
    if data is None:
        return
    kind, inside = data
    numbers = {TEMPORALITY: 0, IS_MONOTONIC: 0}
    for tag, _, begin, _ in walk.fields(*inside):
        if tag in numbers:
            numbers[tag] = walk.body[begin]
    name, description, unit = (maker.cleaner.name(text_of(text)) for text in texts.values())
    metric = Metric(name, unit, description, kind.name, *_sense(kind.name, *numbers.values()))
    for tag, _, begin, stop in walk.fields(*inside):
        if tag == POINTS:
            yield metric, kind, Place(begin, stop)


def _sense(kind: str, temporality: int, is_monotonic: int) -> tuple[str, bool]:
    if kind in (GAUGE, SUMMARY):
        return "", False
    known = TEMPORALITIES[temporality] if temporality < len(TEMPORALITIES) else ""
    return known, kind == SUM and is_monotonic == 1


def _row(body: bytes, place: Place, kind: Kind, metric: Metric, source: Source, maker: RowMaker) -> PointRow | str:
    try:
        message: Any = kind.message()
        if is_crowded(body, place, message.DESCRIPTOR):
            return OVERSIZED
        point: Any = parsed(body[place.begin : place.stop], message)
    except BadRequest:
        return BAD_POINT
    attributes = key_values(point.attributes) if point.attributes else []
    parts = PointParts(point.time_unix_nano, point.start_time_unix_nano, point.flags, attributes, kind.value(point))
    return point_row(parts, metric, source, maker)


def _number(point: NumberDataPoint) -> int | float | None:
    which = point.WhichOneof("value")
    if which is None:
        return None
    return point.as_int if which == "as_int" else point.as_double


def _told(point: Any, name: str) -> float | None:
    return getattr(point, name) if point.HasField(name) else None


def _histogram(point: HistogramDataPoint) -> Distribution:
    return Distribution(
        point.count,
        _told(point, "sum"),
        _told(point, "min"),
        _told(point, "max"),
        point.explicit_bounds,
        point.bucket_counts,
    )


def _exponential(point: ExponentialHistogramDataPoint) -> Distribution:
    return Distribution(
        point.count,
        _told(point, "sum"),
        _told(point, "min"),
        _told(point, "max"),
        scale=point.scale,
        zeros=point.zero_count,
        zero_threshold=point.zero_threshold,
        positive=Buckets(point.positive.offset, point.positive.bucket_counts),
        negative=Buckets(point.negative.offset, point.negative.bucket_counts),
    )


def _summary(point: SummaryDataPoint) -> Distribution:
    return Distribution(
        point.count, point.sum, quantiles=[(each.quantile, each.value) for each in point.quantile_values]
    )


KINDS = {
    5 << 3 | 2: Kind(GAUGE, NumberDataPoint, _number),
    7 << 3 | 2: Kind(SUM, NumberDataPoint, _number),
    9 << 3 | 2: Kind(HISTOGRAM, HistogramDataPoint, _histogram),
    10 << 3 | 2: Kind(EXPONENTIAL, ExponentialHistogramDataPoint, _exponential),
    11 << 3 | 2: Kind(SUMMARY, SummaryDataPoint, _summary),
}
