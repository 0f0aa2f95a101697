"""Conversion of monitored calls' spans from plain tuples, and of their details to plain values."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.span import TraceState

from obsv.trace.clock import clock
from obsv.trace.details import Details
from obsv.trace.failure import Failure
from obsv.trace.function import Function
from obsv.trace.span import ABSENT, Origin, Span, discard

Frozen = tuple[Any, ...]


def thaw(frozen: Frozen, function: Function, caller: Function | None, origin: Origin) -> Span:
    """Return a span from its parts.

    Args:
        frozen: trace ID, span ID, parent ID, flags, depth, start and end as Unix time, thread, inputs, result as a
            tuple of
            none or one, status, failure and details as plain values or None.
        function, caller, origin: objects shared by many spans.
    """
    span = Span.__new__(Span)
    span.function, span.caller, span.origin, span.on_end = function, caller, origin, discard
    (span.trace_id, span.span_id, span.parent_id, span.flags, span.depth, start, end, *rest) = frozen
    (span.thread, span.inputs, result, span.status_code, failure, details) = rest
    span.start_tick, span.end_tick = clock.tick(start), clock.tick(end)
    span.result = result[0] if result else ABSENT
    span.failure = None if failure is None else Failure(*failure)
    span.details = None if details is None else _thaw_details(details, origin)
    return span


def freeze_details(details: Details) -> Frozen:
    """Return the details of a span as plain values."""
    state = details.trace_state
    return (
        _plain(details.attributes),
        [(event.name, _plain(event.attributes), event.timestamp) for event in details.events],
        [(_freeze_context(link.context), _plain(link.attributes)) for link in details.links],
        details.name,
        details.status_description,
        None if state is None else state.to_header(),
        details.parent_is_remote,
        details.cpu_ns,
        details.memory_bytes,
        details.exact,
        details.inputs,
    )


def _thaw_details(frozen: Frozen, origin: Origin) -> Details:
    details = Details(origin.limits)
    attributes, events, links, details.name, details.status_description, state, *rest = frozen
    for key, value in attributes.items():
        details.attributes[key] = value
    for name, event_attributes, timestamp in events:
        details.add_event(name, event_attributes, timestamp)
    for context, link_attributes in links:
        details.add_link(_thaw_context(context), link_attributes)
    details.trace_state = None if state is None else TraceState.from_header([state])
    details.parent_is_remote, details.cpu_ns, details.memory_bytes, details.exact, *inputs = rest
    details.inputs = inputs[0] if inputs else None  # a ring of an earlier version has none
    return details


def _plain(attributes: Any) -> dict[str, Any]:
    return {str(key): _plain_value(value) for key, value in (attributes or {}).items()}


def _plain_value(value: Any) -> Any:
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, (list, tuple)):
        return [_plain_value(item) for item in value]
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    return bytes(value) if isinstance(value, bytes) else str(value)


_ATOMS = frozenset((bool, int, float, str, bytes, type(None)))


def _freeze_context(context: SpanContext) -> Frozen:
    return (
        context.trace_id,
        context.span_id,
        context.is_remote,
        int(context.trace_flags),
        context.trace_state.to_header(),
    )


def _thaw_context(frozen: Frozen) -> SpanContext:
    trace_id, span_id, is_remote, flags, state = frozen
    return SpanContext(trace_id, span_id, is_remote, TraceFlags(flags), TraceState.from_header([state]))
