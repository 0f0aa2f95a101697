"""Recording of monitored calls without a pipeline, into a list."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider

from obsv.instrument.left_out import forget_left_out
from obsv.trace.provider import TracerProvider
from obsv.trace.recording import Recording, recording
from obsv.trace.span import Span


class _Collector:
    """A processor that keeps its spans, in order of their ends."""

    ignores_start = True

    def __init__(self) -> None:
        self.spans: list[Any] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        pass

    def _on_ending(self, span: Any) -> None:
        pass

    def on_end(self, span: Any) -> None:
        self.spans.append(span)

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


@contextmanager
def captured_spans(**settings: Any) -> Iterator[list[Span]]:
    """Record monitored calls into a list instead of a store.

    Args:
        settings: settings of the `TracerProvider`: sampler, resource, span_limits, id_generator.

    Yields:
        The list to which ended spans are added.
    """
    before = {name: getattr(recording, name) for name in Recording.__slots__}
    collector = _Collector()
    provider = TracerProvider(shutdown_on_exit=False, **settings)
    provider.add_span_processor(collector)  # type: ignore[arg-type]
    recording.start = None
    forget_left_out()
    provider.open(recording)
    try:
        yield collector.spans
    finally:
        for name, value in before.items():
            setattr(recording, name, value)


@contextmanager
def captured_by(provider: SdkTracerProvider) -> Iterator[list[Any]]:
    """Record monitored calls with another provider's tracer, as if that had been installed first.

    Yields:
        The list to which ended spans are added, both those of the other provider and unsampled failures.
    """
    before = {name: getattr(recording, name) for name in Recording.__slots__}
    collector = _Collector()
    provider.add_span_processor(collector)  # type: ignore[arg-type]
    recording.start, recording.on_start, recording.dropped = None, None, None
    recording.off, recording.bypass = False, True
    recording.on_end, recording.tracer = collector.on_end, provider.get_tracer("obsv")
    try:
        yield collector.spans
    finally:
        for name, value in before.items():
            setattr(recording, name, value)
