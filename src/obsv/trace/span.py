"""The span of a monitored call: OpenTelemetry's `Span` at a third of the cost of the SDK's.

Parts that the SDK builds for every span (locks, limited attributes, a span context, enum flags) are built here on
demand. The call path (`recording.py`) fills the slots; everything in this file runs on demand.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import Attributes, AttributeValue

from obsv import semconv
from obsv.capture import render
from obsv.own_time import ticks
from obsv.probability import probability_of, threshold_of
from obsv.trace.clock import clock
from obsv.trace.details import Details
from obsv.trace.failure import Failure
from obsv.trace.function import Function
from obsv.trace.sampling import OT, with_probability

logger = logging.getLogger("obsv")

UNSET, OK, ERROR = 0, 1, 2
SAMPLED, RANDOM = 0x01, 0x02

_STATUS_CODES = {UNSET: StatusCode.UNSET, OK: StatusCode.OK, ERROR: StatusCode.ERROR}


def discard(span: "Span") -> None:
    """Discard a span that was recorded before."""


class _Absent:
    """The result of a call that has not returned one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


class Origin(NamedTuple):
    """The data shared by all spans of one provider."""

    resource: Resource
    scope: InstrumentationScope
    limits: SpanLimits


class Span(ReadableSpan, trace.Span):
    """A monitored call.

    Implements `opentelemetry.trace.Span` and reads as `opentelemetry.sdk.trace.ReadableSpan`; trace API specification
    1.x.

    Slots:
        trace_id, span_id: ints of 128 and 64 bits.
        parent_id: the parent's span id, 0 for a root.
        caller: the function of a parent in this process.
        flags: W3C trace flags.
        start, end: ticks of `clock`; `end` is 0 until the call ended.
        begun_tick: the tick in its BEGIN record; only set if `ring` is.
        thread: `(thread.id, thread.name)`.
        inputs: frozen values, one per name in `function.inputs`.
        result: the frozen result, `ABSENT` until there is one.
        status_code: OTLP's 0 unset, 1 ok, 2 error.
        details: rare parts; see `Details`.
        ring: the ring with its BEGIN record; None if there is none.
        token: resets the context when the call ends; only set if `start_tick` is.
    """

    __slots__ = (
        "begun_tick",
        "caller",
        "depth",
        "details",
        "end_tick",
        "failure",
        "flags",
        "function",
        "inputs",
        "on_end",
        "origin",
        "parent_id",
        "result",
        "ring",
        "span_id",
        "start_tick",
        "status_code",
        "thread",
        "token",
        "trace_id",
    )
    function: Function
    origin: Origin
    trace_id: int
    span_id: int
    parent_id: int
    caller: Function | None
    flags: int
    depth: int
    begun_tick: int
    start_tick: int
    end_tick: int
    thread: tuple[int, str]
    inputs: tuple[Any, ...]
    result: Any
    status_code: int
    failure: Failure | None
    details: Details | None
    on_end: Callable[["Span"], None]
    ring: object
    token: Any

    # The SDK's takes parts; without it an empty span costs half of one by `object.__new__`.
    if TYPE_CHECKING:

        def __init__(self) -> None: ...
    else:
        __init__ = object.__init__

    @property
    def has_marks(self) -> bool:
        """Return whether a text may stand for one of the inputs; the compiled core tells those that cannot."""
        return True

    # -- reading -------------------------------------------------------------------------------------------------------

    def get_span_context(self) -> SpanContext:
        """Return the identity that travels to children and other services."""
        return self._context_of(self.span_id, is_remote=False)

    def _context_of(self, span_id: int, is_remote: bool) -> SpanContext:
        state = self.details.trace_state if self.details is not None else None
        return SpanContext(self.trace_id, span_id, is_remote, TraceFlags(self.flags), state)

    @property
    def context(self) -> SpanContext:
        """Return the identity for exporters: with the probability with which the span was recorded."""
        own = self.get_span_context()
        rate = self.function.sample_rate
        if rate >= 1.0 and OT not in own.trace_state:
            return own
        # A failing call is always recorded; another by the rate of its function, if its trace is.
        is_sampled = self.status_code != ERROR and rate > 0.0
        probability = rate * probability_of(own.trace_state.get(OT, ""))
        state = with_probability(own.trace_state, threshold_of(probability) if is_sampled else None)
        return SpanContext(own.trace_id, own.span_id, own.is_remote, own.trace_flags, state)

    @property
    def parent(self) -> SpanContext | None:
        if not self.parent_id:
            return None
        return self._context_of(self.parent_id, self.details is not None and self.details.parent_is_remote)

    @property
    def name(self) -> str:
        if self.details is not None and self.details.name is not None:
            return self.details.name
        return self.function.name

    @property
    def kind(self) -> SpanKind:
        return SpanKind.INTERNAL

    @property
    def start_time(self) -> int:
        return clock.unix(self.start_tick)

    @property
    def end_time(self) -> int | None:
        return clock.unix(self.end_tick) if self.end_tick else None

    @property
    def resource(self) -> Resource:
        return self.origin.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope:
        return self.origin.scope

    @property
    def status(self) -> Status:
        return Status(_STATUS_CODES[self.status_code], self.status_description)

    @property
    def status_description(self) -> str | None:
        """Return one line about what went wrong; None for spans that are not errors."""
        if self.status_code != ERROR:
            return None
        if self.details is not None and self.details.status_description is not None:
            return self.details.status_description
        if self.failure is not None:
            return f"{self.failure.type}: {self.failure.message(self.function.redactor.redact_text)}"
        return None

    @property
    def attributes(self) -> Mapping[str, AttributeValue]:
        """Return the call's values and location, then manually set attributes.

        As attributes the values are text.
        """
        function = self.function
        attributes: dict[str, AttributeValue] = {
            semconv.CODE_FUNCTION_NAME: function.name,
            semconv.THREAD_ID: self.thread[0],
            semconv.THREAD_NAME: self.thread[1],
            semconv.PROCESS_GROUP: function.process_group,
        }
        if function.code is not None:
            attributes[semconv.CODE_FILE_PATH] = function.code.file_path
            attributes[semconv.CODE_LINE_NUMBER] = function.code.line_number
        if function.feed is not None:
            attributes[semconv.FEED] = function.feed
        redact = function.redactor.redact_value
        for name, value in self.input_values():
            attributes[semconv.INPUT_PREFIX + name] = redact(render(value, function.max_repr))
        if self.result is not ABSENT:
            attributes[f"{semconv.OUTPUT_PREFIX}{function.output}"] = redact(
                render(function.shown_result(self.result), function.max_repr)
            )
        if self.failure is not None and self.failure.locals:
            for name, text in self.failure.locals.items():
                attributes[f"{semconv.OUTPUT_PREFIX}{semconv.LOCAL_PREFIX}{name}"] = redact(text)
        if self.details is not None:
            self.details.add_attributes(attributes)
        return attributes

    def input_values(self) -> Iterator[tuple[str, Any]]:
        """Yield the frozen arguments by name, those of `**kwargs` last."""
        yield from zip(self.function.inputs, self.inputs, strict=False)
        if self.function.has_keywords and len(self.inputs) > len(self.function.inputs):
            yield from self.inputs[-1]

    @property
    def events(self) -> Sequence[Event]:
        events = () if self.details is None else tuple(self.details.events)
        return events if self.failure is None else (*events, self._exception_event(self.failure))

    def _exception_event(self, failure: Failure) -> Event:
        attributes = failure.attributes(self.function.redactor.redact_text, escaped=True)
        return Event(semconv.EXCEPTION_EVENT, attributes, timestamp=self.end_time)

    @property
    def links(self) -> Sequence[Link]:
        return () if self.details is None else tuple(self.details.links)

    @property
    def dropped_attributes(self) -> int:
        return 0 if self.details is None else self.details.attributes.dropped

    @property
    def dropped_events(self) -> int:
        return 0 if self.details is None else self.details.events.dropped

    @property
    def dropped_links(self) -> int:
        return 0 if self.details is None else self.details.links.dropped

    def readable(self) -> ReadableSpan:
        """Return a snapshot with everything built, as expected by processors that keep spans."""
        return ReadableSpan(
            name=self.name,
            context=self.get_span_context(),
            parent=self.parent,
            resource=self.resource,
            attributes=BoundedAttributes(None, self.attributes, immutable=True),
            events=self.events,
            links=self.links,
            kind=self.kind,
            status=self.status,
            start_time=self.start_time,
            end_time=self.end_time,
            instrumentation_scope=self.instrumentation_scope,
        )

    def to_json(self, indent: int | None = 4) -> str:
        text: str = self.readable().to_json(indent)
        return text

    def __repr__(self) -> str:
        return f"Span({self.name!r}, trace_id={self.trace_id:032x}, span_id={self.span_id:016x})"

    # -- writing: operations on `trace.get_current_span()`
    # --------------------------------------------------------------------

    def is_recording(self) -> bool:
        """Return whether the call has not ended."""
        return not self.end_tick

    def _writable(self) -> Details | None:
        if self.end_tick:
            logger.warning("%r has ended: later changes are not recorded.", self)
            return None
        if self.details is None:
            self.details = Details(self.origin.limits)
        return self.details

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        if (details := self._writable()) is not None:
            details.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        if (details := self._writable()) is not None:
            for key, value in attributes.items():
                details.attributes[key] = value

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        if (details := self._writable()) is not None:
            details.add_event(name, attributes, clock.unix(ticks()) if timestamp is None else timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        if (details := self._writable()) is not None:
            details.add_link(context, attributes)

    def update_name(self, name: str) -> None:
        if (details := self._writable()) is not None:
            details.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status by the specification's order: unset is ignored, ok is final."""
        code = status.status_code if isinstance(status, Status) else status
        if code is StatusCode.UNSET or self.status_code == OK:
            return
        if (details := self._writable()) is not None:
            self.status_code = code.value
            details.status_description = status.description if isinstance(status, Status) else description

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add an `exception` event, redacted; the call's own exception is recorded without this."""
        if (details := self._writable()) is not None:
            failure = Failure.of(exception, exception.__traceback__)
            own = failure.attributes(self.function.redactor.redact_text, escaped=escaped)
            moment = clock.unix(ticks()) if timestamp is None else timestamp
            details.add_event(semconv.EXCEPTION_EVENT, {**own, **(attributes or {})}, moment)

    def end(self, end_time: int | None = None) -> None:
        """End the span manually; the wrapper does this when the call ends."""
        if self.end_tick:
            logger.warning("%r has already ended.", self)
            return
        self.end_tick = ticks() if end_time is None else clock.tick(end_time)
        self.on_end(self)
