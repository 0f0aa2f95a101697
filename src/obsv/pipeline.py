"""The path from a monitored call to its record: provider, processor, ring, and the lanes to a collector."""

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor

from obsv.config import Settings
from obsv.errors import ConfigurationError
from obsv.exporters.lane import Lane, LogLane
from obsv.exporters.otlp import log_lane, otlp_lane
from obsv.own_time import monotonic
from obsv.ring_sink import RingSink
from obsv.trace.processor import ErrorFirstSpanProcessor
from obsv.trace.provider import SCOPE, TracerProvider, named
from obsv.trace.recording import recording

logger = logging.getLogger("obsv")

# A collector that does not respond must not delay callers that wait for the store.
_LANE_FLUSH_S = 2.0


class Pipeline:
    """The assembled components of the pipeline.

    Args:
        settings: settings of the pipeline.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.provider = _provider(settings)
        self.lane, self.log_lane = _lanes(settings, self.provider)
        self.processor = _processor(settings, self.log_lane)
        _join(self.provider, [self.processor] if self.lane is None else [self.processor, self.lane])

    @property
    def leaves_rest(self) -> bool:
        """Return whether another process stores what is left at the end of the program."""
        return not self.processor.is_kept_here

    def store_all(self, timeout_s: float) -> bool:
        return self.processor.force_flush(int(timeout_s * 1_000))

    def force_flush(self, timeout_s: float) -> bool:
        started = monotonic()
        is_stored = self.store_all(timeout_s)
        for lane in filter(None, (self.lane, self.log_lane)):
            left_s = timeout_s - (monotonic() - started)
            lane.force_flush(int(max(0.0, min(left_s, _LANE_FLUSH_S)) * 1_000))
        return is_stored

    def shutdown(self, timeout_s: float) -> None:
        self.processor.shutdown(int(timeout_s * 1_000))
        for lane in filter(None, (self.lane, self.log_lane)):
            lane.shutdown()

    def end(self) -> None:
        """Shut down the processors that others added to our provider, after all our calls are stored."""
        if isinstance(self.provider, TracerProvider):
            self.provider.shutdown()

    def stats(self) -> dict[str, Any]:
        found = self.processor.stats()
        for prefix, lane in (("otlp", self.lane), ("otlp_logs", self.log_lane)):
            if lane is not None:
                found |= {
                    f"{prefix}_exported": lane.exported,
                    f"{prefix}_dropped": lane.dropped,
                    f"{prefix}_depth": lane.depth,
                }
        return found


def _processor(settings: Settings, log_lane: LogLane | None) -> ErrorFirstSpanProcessor:
    with contextlib.suppress(OSError):  # the sink reports what that means
        settings.db.parent.mkdir(parents=True, exist_ok=True)
    return ErrorFirstSpanProcessor(RingSink(settings), copy_log=None if log_lane is None else log_lane.on_log)


def _provider(settings: Settings) -> trace.TracerProvider:
    """Return the global provider; install ours if there is none."""
    installed = trace.get_tracer_provider()
    attributes = dict(settings.resource)
    if settings.service_name is not None:
        attributes[SERVICE_NAME] = settings.service_name
    if isinstance(installed, trace.ProxyTracerProvider):
        provider = TracerProvider(resource=named(Resource.create(attributes)), shutdown_on_exit=False)
        trace.set_tracer_provider(provider)
        return provider
    if isinstance(installed, TracerProvider):
        installed.describe(named(installed.resource.merge(Resource(attributes))))
    elif attributes:
        logger.warning(
            "service_name and resource are ignored: the program has installed its own tracer provider (%s), "
            "whose resource applies. Set them there, or with OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.",
            type(installed).__name__,
        )
    return installed


def _lanes(settings: Settings, provider: trace.TracerProvider) -> tuple[Lane | None, LogLane | None]:
    """Return the lanes to a collector, if any: for spans, for log records. A failure here never prevents recording."""
    if settings.otlp_endpoint is None and not isinstance(provider, TracerProvider):
        return None, None  # the code that installed the provider has read the same variables
    try:
        return otlp_lane(settings.otlp_endpoint, os.environ), log_lane(settings.otlp_endpoint, os.environ)
    except ConfigurationError as error:
        logger.error("Nothing is exported over OTLP. %s", error)
    except Exception:
        logger.exception("Spans are stored, but not exported over OTLP.")
    return None, None


def _join(provider: trace.TracerProvider, processors: Sequence[SpanProcessor]) -> None:
    """Send the spans of a provider's tracers, and monitored calls, to the processors."""
    if isinstance(provider, TracerProvider):
        _add(provider.add_span_processor, processors)
        provider.open(recording)
        return
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        logger.warning(
            "The installed tracer provider %s does not accept span processors: monitored calls are recorded, "
            "but its own spans are not.",
            type(provider).__name__,
        )
        own = TracerProvider(shutdown_on_exit=False)
        _add(own.add_span_processor, processors)
        own.open(recording)
        return
    _add(add, processors)
    recording.origin = recording.origin._replace(resource=getattr(provider, "resource", recording.origin.resource))
    recording.on_begin, recording.on_end = None, processors[0].on_end
    recording.on_log = getattr(processors[0], "on_log", None)
    recording.tracer = provider.get_tracer(SCOPE.name, SCOPE.version)
    recording.dropped, recording.off, recording.bypass = None, False, True


def _add(add: Callable[[SpanProcessor], object], processors: Sequence[SpanProcessor]) -> None:
    for processor in processors:
        add(processor)
