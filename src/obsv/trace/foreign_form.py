"""Spans of other tracers as plain tuples: any `ReadableSpan`, the SDK's or an instrumentation's."""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

Plain = tuple[Any, ...]
_ATOMS = frozenset({type(None), bool, int, float, str, bytes})
_MAX_SHARED = 10_000


class ForeignForm:
    """A converter to the SDK's `ReadableSpan` from the results of `freeze_span`, `freeze_resource` and `freeze_scope`.

    Equal resources and scopes become one object, so that exporters may compare them by identity.
    """

    def __init__(self) -> None:
        self._shared: dict[Plain, Any] = {}

    def thaw(self, plain: Plain) -> ReadableSpan:
        """Return the span from its parts; resource and scope follow the first three."""
        name, context, parent, resource, scope, attributes, events, links, kind, status, start, end = plain
        return ReadableSpan(
            name=name,
            context=thaw_context(context),
            parent=thaw_context(parent),
            resource=self.shared(resource, thaw_resource),
            instrumentation_scope=self.shared(scope, thaw_scope),
            attributes=_thaw_attributes(attributes),
            events=_thaw_list(events, _thaw_event),
            links=_thaw_list(links, _thaw_link),
            kind=SpanKind(kind),
            status=Status(StatusCode(status[0]), status[1]),
            start_time=start,
            end_time=end,
        )

    def shared(self, plain: Plain, thaw: Any) -> Any:
        """Return the one object for equal plain values."""
        if plain not in self._shared:
            if len(self._shared) >= _MAX_SHARED:
                self._shared.clear()
            self._shared[plain] = thaw(plain)
        return self._shared[plain]


def freeze_span(span: ReadableSpan) -> Plain:
    """Freeze a span without its resource and scope."""
    return (
        str(span.name),
        freeze_context(span.context),
        freeze_context(span.parent),
        _freeze_attributes(span.attributes, span.dropped_attributes),
        (span.dropped_events, [_freeze_event(event) for event in span.events]),
        (span.dropped_links, [_freeze_link(link) for link in span.links]),
        span.kind.value,
        (span.status.status_code.value, plain(span.status.description)),
        span.start_time,
        span.end_time,
    )


def plain(value: Any) -> Any:
    """Convert an attribute's value to plain and hashable values; unsupported values become text."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Mapping):
        return ("{", tuple((str(key), plain(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return ("[", tuple(plain(item) for item in value))
    if isinstance(value, bytes):
        return bytes(value)
    for number in (int, float):
        if isinstance(value, number):
            return number(value)
    return str(value)


def unplain(value: Any) -> Any:
    """Return the value of `plain`; sequences are tuples, as in OpenTelemetry."""
    if not isinstance(value, tuple):
        return value
    if value[0] == "{":
        return {key: unplain(item) for key, item in value[1]}
    return tuple(unplain(item) for item in value[1])


def _freeze_attributes(attributes: Mapping[str, Any] | None, dropped: int = 0) -> Plain:
    return dropped, tuple((str(key), plain(value)) for key, value in (attributes or {}).items())


def _thaw_attributes(frozen: Plain) -> BoundedAttributes:
    dropped, items = frozen
    attributes = BoundedAttributes(attributes={key: unplain(value) for key, value in items}, immutable=True)
    attributes.dropped = dropped
    return attributes


def freeze_context(context: SpanContext | None) -> Plain | None:
    """Freeze a span context; None stays None."""
    if context is None:
        return None
    state = tuple(context.trace_state.items()) if context.trace_state else None
    return context.trace_id, context.span_id, context.is_remote, int(context.trace_flags), state


def thaw_context(frozen: Plain | None) -> SpanContext | None:
    """Return the context of `freeze_context`."""
    if frozen is None:
        return None
    trace_id, span_id, is_remote, flags, state = frozen
    return SpanContext(trace_id, span_id, is_remote, TraceFlags(flags), None if state is None else TraceState(state))


def freeze_resource(resource: Resource) -> Plain:
    """Freeze a resource as a tuple that can be a key."""
    return _freeze_attributes(resource.attributes), resource.schema_url


def thaw_resource(frozen: Plain) -> Resource:
    """Return the resource of `freeze_resource`."""
    attributes, schema_url = frozen
    return Resource({key: unplain(value) for key, value in attributes[1]}, schema_url)


def freeze_scope(scope: InstrumentationScope | None) -> Plain | None:
    """Freeze a scope as a tuple that can be a key."""
    if scope is None:
        return None
    return scope.name, scope.version, scope.schema_url, _freeze_attributes(scope.attributes)


def thaw_scope(frozen: Plain | None) -> InstrumentationScope | None:
    """Return the scope of `freeze_scope`."""
    if frozen is None:
        return None
    name, version, schema_url, attributes = frozen
    return InstrumentationScope(name, version, schema_url, {key: unplain(value) for key, value in attributes[1]})


def _freeze_event(event: Event) -> Plain:
    return event.name, event.timestamp, _freeze_attributes(event.attributes, event.dropped_attributes)


def _thaw_event(frozen: Plain) -> Event:
    name, timestamp, attributes = frozen
    return Event(name, _thaw_attributes(attributes), timestamp)


def _freeze_link(link: Link) -> Plain:
    return freeze_context(link.context), _freeze_attributes(link.attributes, link.dropped_attributes)


def _thaw_link(frozen: Plain) -> Link:
    context, attributes = frozen
    thawed = thaw_context(context)
    assert thawed is not None
    return Link(thawed, _thaw_attributes(attributes))


def _thaw_list(frozen: Plain, thaw: Any) -> Sequence[Any]:
    dropped, items = frozen
    thawed = BoundedList.from_seq(None, [thaw(item) for item in items])
    thawed.dropped = dropped
    return thawed
