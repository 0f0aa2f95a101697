"""Number of calls that a stored row stands for.

A call sampled with probability p stands for 1/p calls: OpenTelemetry's adjusted count, given by the key `th` of its
trace state (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/). Counts, sums and
histograms of the rollups add it up, so that they estimate what happened, not what was kept.

Calls that a program counted instead of recording arrive as one row with their number and durations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from obsv import semconv
from obsv.probability import MOST_CALLS, adjusted_count
from obsv.store.ground.histogram import bucket

_MOST_NS = 1 << 62
_MOST_BUCKETS = 568


class Weight(NamedTuple):
    """The contribution of a row to the rollups.

    Args:
        calls: number of calls.
        recorded: number of them that are stored as rows: 1, or 0 if they were only counted.
        total_ns: sum of their durations.
        max_ns: the longest duration.
        buckets: numbers in each bucket of the histogram.
    """

    calls: int
    recorded: int
    total_ns: int
    max_ns: int
    buckets: tuple[tuple[int, int], ...]


def sampled(calls: int, duration_ns: int) -> Weight:
    """Return the weight of a recorded call that stands for several calls of the same duration."""
    return Weight(calls, 1, calls * duration_ns, duration_ns, ((bucket(duration_ns), calls),))


def by_trace_state(trace_state: object, span_id: bytes, duration_ns: int) -> Weight | None:
    """Return the weight of a span by its W3C trace state; None if it stands only for itself."""
    if not isinstance(trace_state, str) or "th:" not in trace_state:
        return None
    calls = adjusted_count(trace_state, span_id)
    return sampled(calls, duration_ns) if calls > 1 else None


def counted(attributes: Mapping[str, Any]) -> Weight | None:
    """Return the weight of a row that holds a number of counted calls; None for other rows, or if it is invalid."""
    if semconv.LEFT_OUT_CALLS not in attributes:
        return None
    try:
        calls, total_ns = int(attributes[semconv.LEFT_OUT_CALLS]), int(attributes[semconv.LEFT_OUT_TOTAL_NS])
        max_ns = int(attributes[semconv.LEFT_OUT_MAX_NS])
        pairs = json.loads(attributes[semconv.LEFT_OUT_DURATIONS])
        buckets = tuple((int(number), int(count)) for number, count in pairs)
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    sane = 0 < calls <= MOST_CALLS and 0 <= max_ns <= total_ns <= _MOST_NS and len(buckets) <= _MOST_BUCKETS
    if not sane or sum(count for _, count in buckets) != calls:
        return None
    if any(not 0 <= number < _MOST_BUCKETS or count <= 0 for number, count in buckets):
        return None
    return Weight(calls, 0, total_ns, max_ns, buckets)
