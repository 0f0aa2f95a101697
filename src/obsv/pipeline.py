"""Everything between a monitored call and the store: provider, buffer, writer, housekeeping."""

import logging

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace.export import SpanExporter

from obsv.config import Settings
from obsv.exporters.sqlite import SQLiteSpanExporter
from obsv.housekeeping import Housekeeping
from obsv.trace.breaker import CircuitBreaker
from obsv.trace.processor import ErrorFirstSpanProcessor
from obsv.trace.provider import SCOPE, TracerProvider
from obsv.trace.recording import recording

logger = logging.getLogger("obsv")


class Pipeline:
    """The pieces, joined.

    Args:
        settings: how it is made.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.exporter = SQLiteSpanExporter(settings.db, busy_timeout_s=settings.busy_timeout_s)
        self.processor = _processor(settings, self.exporter)
        self.provider = _provider(settings)
        _join(self.provider, self.processor)
        resource = recording.origin.resource
        self.housekeeping = Housekeeping(self.exporter.writer, self.processor, settings, resource)

    def force_flush(self, timeout_s: float) -> bool:
        return self.processor.force_flush(int(timeout_s * 1_000))

    def shutdown(self) -> None:
        self.housekeeping.stop()
        self.processor.shutdown()


def _processor(settings: Settings, exporter: SpanExporter) -> ErrorFirstSpanProcessor:
    return ErrorFirstSpanProcessor(
        exporter,
        lane_size=settings.lane_size,
        ring_size=settings.ring_size,
        on_full=settings.on_full,
        spill_path=settings.db if settings.spill else None,
        spill_max_bytes=settings.spill_max_bytes,
        queue_warning_threshold=recording.queue_warning_threshold or settings.queue_warning_threshold,
        breaker=CircuitBreaker(settings.breaker_failures, settings.breaker_recovery_s),
    )


def _provider(settings: Settings) -> trace.TracerProvider:
    """The global provider; ours is installed where there is none."""
    installed = trace.get_tracer_provider()
    if not isinstance(installed, trace.ProxyTracerProvider):
        return installed
    attributes = dict(settings.resource)
    if settings.service_name is not None:
        attributes[SERVICE_NAME] = settings.service_name
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    return provider


def _join(provider: trace.TracerProvider, processor: ErrorFirstSpanProcessor) -> None:
    """Send what a provider's tracers make, and monitored calls, to the processor."""
    if isinstance(provider, TracerProvider):
        provider.add_span_processor(processor)
        provider.open(recording)
        return
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        logger.warning(
            "The installed tracer provider %s takes no span processors: monitored calls are recorded beside it, "
            "its own spans are not.",
            type(provider).__name__,
        )
        own = TracerProvider(shutdown_on_exit=False)
        own.add_span_processor(processor)
        own.open(recording)
        return
    add(processor)
    recording.origin = recording.origin._replace(resource=getattr(provider, "resource", recording.origin.resource))
    recording.on_end = processor.on_end
    recording.tracer = provider.get_tracer(SCOPE.name, SCOPE.version)
    recording.dropped, recording.off, recording.bypass = None, False, True
