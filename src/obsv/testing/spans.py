"""Ended spans, without a tracer."""

import itertools

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

_ids = itertools.count(1)
_RESOURCE = Resource({"service.name": "test"})


def ended_span(name: str = "span", *, error: bool = False, sampled: bool = True) -> ReadableSpan:
    """Return an ended span with incremental IDs.

    Args:
        name: its name.
        error: whether its status is ERROR.
        sampled: whether its trace flags mark it as sampled.
    """
    number = next(_ids)
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return ReadableSpan(
        name,
        context=SpanContext(number, number, is_remote=False, trace_flags=flags),
        resource=_RESOURCE,
        status=Status(StatusCode.ERROR if error else StatusCode.UNSET),
        start_time=number,
        end_time=number + 1,
    )
