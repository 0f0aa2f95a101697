"""Tempo's metrics responses: TraceQL's rate, count_over_time, quantile_over_time and histogram_over_time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from obsv.api.traceql import Metric, Query
from obsv.api.traceql.names import short_name
from obsv.errors import InvalidQuery
from obsv.store.finding import INTRINSIC, UNSCOPED, Field, Label, Series, Wanted
from obsv.store.ground import Range, percentile
from obsv.store.seam import Store

Json = dict[str, Any]
_EMPTY: dict[int, int] = {}
SECOND_NS, MINUTE_NS = 10**9, 60 * 10**9
MOST_SLOTS = 11_000
# Number of slots without a step, of at least one second each.
_SLOTS = 100
_NICE_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
NIL = {"stringValue": "nil"}


def step_for(first_ns: int, last_ns: int) -> int:
    """Return the default step of a range, in nanoseconds."""
    wanted = max(1, (last_ns - first_ns) // SECOND_NS // _SLOTS)
    return SECOND_NS * next((step for step in _NICE_STEPS_S if step >= wanted), 86_400 * (1 + wanted // 86_400))


def range_json(snapshot: Store, query: Query, first_ns: int, last_ns: int, step_ns: int) -> Json:
    """Return the response of `/api/metrics/query_range`: slots begin at multiples of the step.

    Raises:
        InvalidQuery: the query has no metrics stage, or there are too many slots.
    """
    metric = _metric(query)
    first, last = first_ns // step_ns, -(-last_ns // step_ns)
    slots = max(1, last - first)
    if slots > MOST_SLOTS:
        raise InvalidQuery(f"more than {MOST_SLOTS:,} steps: use a longer step or a shorter range")
    within = Range(first * step_ns, (first + slots) * step_ns - 1)
    found = snapshot.count_series(_wanted(query, metric, within, step_ns))
    made = []
    for labels, slots_of, value in _curves(metric, found, step_ns / SECOND_NS):
        values = ((slot, value(slots_of.get(slot, _EMPTY))) for slot in range(slots))
        samples = [
            {"timestampMs": str((first + slot) * step_ns // 1_000_000), "value": number}
            for slot, number in values
            if number is not None
        ]
        made.append({"labels": labels, "samples": samples})
    return {"series": made}


def instant_json(snapshot: Store, query: Query, first_ns: int, last_ns: int) -> Json:
    """Return the response of `/api/metrics/query`: one value for the whole range.

    Raises:
        InvalidQuery: the query has no metrics stage, or the range is empty.
    """
    metric, length_ns = _metric(query), last_ns - first_ns
    if length_ns <= 0:
        raise InvalidQuery("the range is empty: end must be after start")
    found = snapshot.count_series(_wanted(query, metric, Range(first_ns, last_ns - 1), length_ns))
    curves = _curves(metric, found, length_ns / SECOND_NS)
    values = [(labels, value(slots.get(0, _EMPTY))) for labels, slots, value in curves]
    return {"series": [{"labels": labels, "value": number} for labels, number in values if number is not None]}


def _metric(query: Query) -> Metric:
    if query.metric is None:
        raise InvalidQuery("not a metrics query: add for example | rate() after {…}")
    return query.metric


def _wanted(query: Query, metric: Metric, within: Range, step_ns: int) -> Wanted:
    classes = "octave" if metric.function == "histogram_over_time" else "bucket"
    return Wanted(query.condition, metric.by, within, step_ns, metric.field, classes)


_Curve = tuple[list[Json], dict[int, dict[int, int]], Callable[[dict[int, int]], "float | None"]]


def _curves(metric: Metric, found: Sequence[Series], seconds: float) -> Iterator[_Curve]:
    for series in found or _nothing(metric):
        labels = [_label(_name(field), value) for field, value in zip(metric.by, series.labels, strict=True)]
        if metric.function == "quantile_over_time":
            for q in metric.quantiles:
                yield [*labels, {"key": "p", "value": {"doubleValue": q}}], series.slots, _quantile(q)
        elif metric.function == "histogram_over_time":
            for octave in sorted({number for counts in series.slots.values() for number in counts}):
                bucket = {"key": "__bucket", "value": {"doubleValue": 2**octave / SECOND_NS}}
                yield [*labels, bucket], series.slots, _count_of(octave)
        else:
            named = labels or [_label("__name__", metric.function)]
            yield named, series.slots, _total(seconds if metric.function == "rate" else 1)


# An empty rate is a line at zero.
def _nothing(metric: Metric) -> list[Series]:
    return [] if metric.by or metric.field else [Series((), {})]


def _quantile(q: float) -> Callable[[dict[int, int]], float | None]:
    def value(counts: dict[int, int]) -> float | None:
        nanoseconds = percentile(counts, q)
        return None if nanoseconds is None else nanoseconds / SECOND_NS

    return value


def _count_of(octave: int) -> Callable[[dict[int, int]], float | None]:
    return lambda counts: counts.get(octave, 0)


def _total(divisor: float) -> Callable[[dict[int, int]], float | None]:
    return lambda counts: sum(counts.values()) / divisor


def _name(field: Field) -> str:
    if field.scope == INTRINSIC:
        return short_name(field)
    return f".{field.name}" if field.scope == UNSCOPED else str(field)


def _label(key: str, value: Label) -> Json:
    if value is None:
        return {"key": key, "value": NIL}
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"doubleValue" if isinstance(value, float) else "stringValue": value}}
