"""The parts that few spans have: manually set attributes, events, links, a status description, a foreign parent."""

from collections.abc import MutableMapping
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, SpanLimits
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes

from obsv import semconv


class Details:
    """The parts of a span that are created on demand, within OpenTelemetry's span limits."""

    __slots__ = (
        "attributes",
        "cpu_ns",
        "events",
        "exact",
        "inputs",
        "limits",
        "links",
        "memory_bytes",
        "name",
        "parent_is_remote",
        "status_description",
        "trace_state",
    )

    def __init__(self, limits: SpanLimits) -> None:
        self.limits = limits
        self.attributes = BoundedAttributes(
            limits.max_span_attributes, immutable=False, max_value_len=limits.max_span_attribute_length
        )
        self.events: BoundedList[Event] = BoundedList(limits.max_events)
        self.links: BoundedList[Link] = BoundedList(limits.max_links)
        self.name: str | None = None
        self.status_description: str | None = None
        self.trace_state: TraceState | None = None
        self.parent_is_remote = False
        self.cpu_ns: int | None = None
        self.memory_bytes: int | None = None
        self.exact: bytes | None = None
        # Names and frozen values of what a failed call's recorded inputs leave open.
        self.inputs: tuple[tuple[str, Any], ...] | None = None

    def add_event(self, name: str, attributes: Attributes, timestamp: int) -> None:
        """Add an event at a Unix time in nanoseconds."""
        bounded = self._bounded(self.limits.max_event_attributes, attributes)
        self.events.append(Event(name, bounded, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes) -> None:
        """Add a link; a link without a span and attributes is ignored, as specified."""
        if context is not None and (context.is_valid or attributes or context.trace_state):
            self.links.append(Link(context, self._bounded(self.limits.max_link_attributes, attributes)))

    def _bounded(self, limit: int | None, attributes: Attributes) -> BoundedAttributes:
        return BoundedAttributes(limit, attributes, max_value_len=self.limits.max_attribute_length)

    def add_attributes(self, attributes: MutableMapping[str, Any]) -> None:
        """Add measured and manually set values to a span's attributes."""
        if self.cpu_ns is not None:
            attributes[semconv.CPU_TIME_NS] = self.cpu_ns
        if self.memory_bytes is not None:
            attributes[semconv.MEMORY_GROWTH_BYTES] = self.memory_bytes
        attributes.update(self.attributes)
