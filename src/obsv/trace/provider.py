"""The `TracerProvider` under which `@monitor` takes its fast path.

It is the SDK's provider (resource, samplers, limits, processors, tracers for other instrumentation) that also tells the
call path where monitored calls go. `by_name` is the entry point `obsv` of group `opentelemetry_tracer_provider`.
"""

from collections.abc import Callable, Sequence
from logging import ERROR
from socket import gethostname
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, sampling
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.span import TraceState

from obsv.program_name import program_name
from obsv.semconv import HOST_NAME, VERSION
from obsv.trace.compiled import follow
from obsv.trace.context import get_context
from obsv.trace.function import Function
from obsv.trace.ids import TimeOrderedIdGenerator, new_span_id, new_trace_id
from obsv.trace.notices import Notices
from obsv.trace.recording import Recording, recording
from obsv.trace.sampling import telling
from obsv.trace.span import Origin, Span

_notices = Notices()

SCOPE = InstrumentationScope("obsv", VERSION)


class TracerProvider(sdk.TracerProvider):
    """The SDK's `TracerProvider`, with IDs that sort by time and a fast path for `@monitor`.

    Args:
        settings: arguments of `opentelemetry.sdk.trace.TracerProvider`.
    """

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("id_generator", TimeOrderedIdGenerator())
        self._processors: tuple[SpanProcessor, ...] = ()
        super().__init__(**settings)
        self.sampler = telling(self.sampler)

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add a processor; monitored calls reach it as complete `ReadableSpan`s."""
        super().add_span_processor(span_processor)
        self._processors += (span_processor,)
        if recording.origin.resource is self.resource:
            self.open(recording)

    def describe(self, resource: Resource) -> None:
        """Add attributes to the resource, overriding existing ones; later spans have them."""
        self._update_resource(resource)

    def open(self, recording: Recording) -> None:
        """Send monitored calls to this provider's processors."""
        recording.off = self._disabled
        recording.origin = Origin(self.resource, SCOPE, self._span_limits)
        listens = any(not getattr(processor, "ignores_start", False) for processor in self._processors)
        recording.on_start = self._on_start if listens else None
        only = len(self._processors) == 1 and not listens
        first = self._processors[0] if only else None
        recording.on_end = self._on_end if first is None else getattr(first, "on_call_end", first.on_end)
        recording.on_begin = _found(self._processors, "on_begin")
        recording.on_log = _found(self._processors, "on_log")
        recording.tracer = None
        recording.dropped = self._dropped
        recording.bypass = recording.off or not _samples_all_roots(self.sampler)
        follow()

    def _on_start(self, span: Span) -> None:
        try:
            self._active_span_processor.on_start(span, get_context())  # type: ignore[arg-type]
        except Exception:
            _notices.once("on_start", ERROR, "A span processor failed in on_start; calls continue.", exc_info=True)

    def _on_end(self, span: Span) -> None:
        for processor in self._processors:
            try:
                processor.on_end(span)
            except Exception:
                _notices.once("on_end", ERROR, "A span processor failed in on_end; calls continue.", exc_info=True)

    def _dropped(self, function: Function) -> NonRecordingSpan | TraceState | None:
        parent = trace.get_current_span().get_span_context()
        trace_id = parent.trace_id if parent.is_valid else new_trace_id()
        result = self.sampler.should_sample(get_context(), trace_id, function.name, SpanKind.INTERNAL, None, None)
        if result.decision is sampling.Decision.RECORD_AND_SAMPLE:
            return result.trace_state if not parent.is_valid and result.trace_state else None
        return NonRecordingSpan(
            SpanContext(trace_id, new_span_id(), False, TraceFlags(TraceFlags.DEFAULT), result.trace_state)
        )

    def _update_resource(self, resource: Any) -> None:
        # After a fork the SDK gives the child's resource new process attributes; our spans adopt them.
        ours = recording.origin.resource is self.resource
        super()._update_resource(resource)
        if ours:
            self.open(recording)


def named(found: Resource) -> Resource:
    """Return a resource in which an unnamed service has the program's name, and which names the host."""
    if HOST_NAME not in found.attributes:
        # A hub tells machines apart by it. What a detector or the user has said stays.
        found = Resource({HOST_NAME: gethostname()}).merge(found)
    service = str(found.attributes.get(SERVICE_NAME, ""))
    name = program_name() if not service or service.startswith("unknown_service") else None
    return found if name is None else found.merge(Resource({SERVICE_NAME: name}))


class _Starter(SpanProcessor):
    """Starts the pipeline with the first span, as the first monitored call does."""

    def on_start(self, span: sdk.Span, parent_context: Context | None = None) -> None:
        if recording.start is not None:
            recording.start()


class _PassOn(SpanProcessor):
    """Passes the spans of a provider to the processors of another one."""

    def __init__(self, to: TracerProvider) -> None:
        self._to = to

    def on_end(self, span: sdk.ReadableSpan) -> None:
        for processor in self._to._processors:
            processor.on_end(span)


class _Once:
    """A replacement for OpenTelemetry's guard that a provider is set only once."""

    def __init__(self, once: Any, then: Callable[[], None]) -> None:
        self._once, self._then = once, then

    def do_once(self, function: Callable[[], None]) -> bool:
        is_first: bool = self._once.do_once(function)
        if is_first:
            self._then()
        return is_first


def stand_in() -> None:
    """Record the spans of a program from its first line on.

    A provider that the program sets itself replaces this one, and its spans are recorded as well. The program finds
    OpenTelemetry as if nothing had been set.
    """
    namespace = vars(trace)
    once = namespace.get("_TRACER_PROVIDER_SET_ONCE")
    if once is None or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return
    ours = by_name(shutdown_on_exit=False)

    def follow_other() -> None:
        add = getattr(trace.get_tracer_provider(), "add_span_processor", None)
        if add is not None and recording.start is None:  # otherwise it is added when the pipeline starts
            add(_PassOn(ours))

    namespace["_TRACER_PROVIDER"] = ours
    namespace["_TRACER_PROVIDER_SET_ONCE"] = _Once(once, follow_other)


def by_name(**settings: Any) -> TracerProvider:
    """Return the provider for `OTEL_PYTHON_TRACER_PROVIDER=obsv`: the first span of any instrumentation starts obsv."""
    provider = TracerProvider(resource=named(Resource.create()), **settings)
    # In addition to the processors that receive monitored calls, which start the pipeline themselves.
    sdk.TracerProvider.add_span_processor(provider, _Starter())
    return provider


def _found(processors: Sequence[SpanProcessor], name: str) -> Callable[[Any], None] | None:
    """Return the receiver of starting monitored calls or log records: only the recorder's processor has one."""
    found = (getattr(processor, name, None) for processor in processors)
    return next((take for take in found if take is not None), None)


def _samples_all_roots(sampler: sampling.Sampler) -> bool:
    """Return whether the sampler need not be asked for roots, nor for children of our own spans, which were sampled."""
    return sampler is sampling.ALWAYS_ON or sampler is sampling.DEFAULT_ON
