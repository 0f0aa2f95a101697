"""The span processor of a program that writes a ring: monitored calls when they begin and end, others when they end."""

import logging
import os
import weakref
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode

from obsv.capture import is_from_signal
from obsv.trace.notices import Notices
from obsv.trace.recording import compiled_span
from obsv.trace.span import Span as LeanSpan


class SpanSink(Protocol):
    """What stands behind the processor: `obsv.ring_sink.RingSink`."""

    queue_warning_threshold: int

    @property
    def is_kept_here(self) -> bool:
        """Whether a thread of this process stores what it records."""

    def begin(self, span: LeanSpan) -> None:
        """A monitored call has begun; the span has its arguments."""

    def end(self, span: LeanSpan) -> None:
        """A monitored call has ended."""

    def foreign(self, span: ReadableSpan, *, is_error: bool) -> None:
        """A span of other instrumentation has ended."""

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was taken before is stored."""

    def shutdown(self, timeout_s: float) -> None:
        """Take no more."""

    def stats(self) -> dict[str, Any]:
        """Counts since the start of the process."""

    def after_fork(self) -> None:
        """Begin anew in the child."""


class RingSpanProcessor(SpanProcessor):
    """Hands spans to a sink at once: nothing waits here, and no thread runs.

    Follows OpenTelemetry's specification of a span processor.

    Args:
        sink: where to.
    """

    # Tells obsv's TracerProvider that monitored calls need not be shown to `on_start`.
    ignores_start = True

    def __init__(self, sink: SpanSink) -> None:
        self._sink, self._notices = sink, Notices()
        # What the call path calls; bound once, since it does so for each call.
        self.on_begin, self.on_call_end = sink.begin, sink.end
        if hasattr(os, "register_at_fork"):
            after_fork = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (method := after_fork()) and method())

    @property
    def is_kept_here(self) -> bool:
        """Whether a thread of this process stores what it records."""
        return self._sink.is_kept_here

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Does nothing: of spans that are not ours, what counts is known when they end."""

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span. Raises nothing but what a signal handler of the program raises meanwhile.

        Other tracers' spans that are not sampled are ignored; a monitored call comes here only if it is to be recorded.
        """
        if type(span) is LeanSpan or type(span) is compiled_span:
            self.on_call_end(span)
            return
        try:
            context = span.context
            if context is not None and context.trace_flags.sampled:
                self._sink.foreign(span, is_error=span.status.status_code is StatusCode.ERROR)
        except Exception as error:
            if is_from_signal(error):
                raise
            self._notices.once("on_end", logging.ERROR, "A span could not be taken.", exc_info=True)

    def force_flush(self, timeout_millis: int | None = 30_000) -> bool:
        """Have everything stored that was recorded before this call.

        Args:
            timeout_millis: milliseconds to wait at most; None waits 30 seconds.

        Returns:
            Whether all of it was.
        """
        return self._sink.flush(30.0 if timeout_millis is None else timeout_millis / 1e3)

    def shutdown(self, timeout_millis: int = 30_000) -> None:
        """Wait for what is recorded to be stored, as far as time allows; calls after the first do nothing.

        Args:
            timeout_millis: milliseconds to wait at most.
        """
        self._sink.shutdown(timeout_millis / 1e3)

    def stats(self) -> dict[str, Any]:
        """Counts since the start of the process, for `obsv.stats()`."""
        return self._sink.stats()

    def _after_fork(self) -> None:
        self._notices.reset()
        self._sink.after_fork()
