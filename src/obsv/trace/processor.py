"""The span processor of obsv: errors first, whether spans become records or go to an exporter of this process."""

import logging
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import StatusCode

from obsv.capture import is_from_signal
from obsv.own_time import monotonic
from obsv.trace.breaker import CircuitBreaker
from obsv.trace.export_queue import ExportQueue, Sizes, WhenFull
from obsv.trace.exporting import Exporting
from obsv.trace.log_record import LogRecord
from obsv.trace.notices import Notices
from obsv.trace.recording import compiled_span
from obsv.trace.span import ERROR
from obsv.trace.span import Span as LeanSpan


class SpanSink(ABC):
    """The receiver of a processor's spans: `obsv.ring_sink.RingSink`, or a queue before an exporter."""

    @property
    @abstractmethod
    def is_kept_here(self) -> bool:
        """Return whether received spans depend on this process until they are stored or exported."""

    @abstractmethod
    def begin(self, span: LeanSpan) -> None:
        """Receive the start of a monitored call; the span has its arguments."""

    @abstractmethod
    def end(self, span: LeanSpan) -> None:
        """Receive the end of a monitored call."""

    @abstractmethod
    def foreign(self, span: ReadableSpan, *, is_error: bool) -> None:
        """Receive the end of a span of other instrumentation."""

    @abstractmethod
    def log(self, record: LogRecord) -> None:
        """A log record was made."""

    @abstractmethod
    def flush(self, timeout_s: float) -> bool:
        """Wait until all spans received before are stored or exported."""

    @abstractmethod
    def shutdown(self, timeout_s: float) -> None:
        """Stop receiving."""

    @abstractmethod
    def stats(self) -> dict[str, Any]:
        """Return counters since the start of the process."""

    @abstractmethod
    def after_fork(self) -> None:
        """Start again in the child."""


class ErrorFirstSpanProcessor(SpanProcessor):
    """A span processor with two lanes: errors come first and are never dropped, the rest is limited.

    Follows OpenTelemetry's specification of a span processor. `on_end` takes no lock, does no I/O and never raises.

    Args:
        exporter: any span exporter, which a thread of this process calls; or a `SpanSink`, which receives each span at
            once, and monitored calls when they begin: then the other arguments are ignored.
        max_queue_size: maximum number of successes that wait for the exporter.
        batch_size: maximum number of spans per export; batches grow to it under load.
        schedule_delay_s: seconds between two exports of successes. An error is exported at once.
        on_full: "drop" drops the oldest successes, "block" lets calls wait.
        block_timeout_s: maximum time that a call waits for space if `on_full` is "block".
        queue_warning_threshold: number of waiting spans above which one warning per episode is logged.
        breaker: decides when a failing exporter is not called, and for how long.
        clock: monotonic seconds.
        copy_log: takes each log record, after the sink.
    """

    # Tells obsv's TracerProvider not to pass monitored calls to `on_start`.
    ignores_start = True

    def __init__(
        self,
        exporter: SpanExporter | SpanSink,
        *,
        max_queue_size: int = 60_000,
        batch_size: int = 10_000,
        schedule_delay_s: float = 0.05,
        on_full: WhenFull = "drop",
        block_timeout_s: float = 1.0,
        queue_warning_threshold: int = 8_000,
        breaker: CircuitBreaker | None = None,
        clock: Callable[[], float] = monotonic,
        copy_log: Callable[[LogRecord], None] | None = None,
    ) -> None:
        self._notices = Notices()
        if isinstance(exporter, SpanSink):
            self._sink: SpanSink = exporter
        else:
            sizes = Sizes(
                max_queue_size, batch_size, schedule_delay_s, on_full, block_timeout_s, queue_warning_threshold
            )
            exporting = Exporting(exporter, breaker or CircuitBreaker(clock=clock), self._notices, clock)
            queue = ExportQueue(exporting, sizes, self._notices, clock)
            self._sink = _Queued(queue)
            # The thread refers to the queue, not to this object: when nobody refers to it any more, the thread ends.
            weakref.finalize(self, queue.stop).atexit = False
        # Called in the call path of monitored calls; bound once, because it is called for each.
        self.on_begin = None if isinstance(self._sink, _Queued) else self._sink.begin
        self.on_call_end = self._sink.end
        # Takes log records, which an exporter of spans has no use for.
        self.on_log = None if isinstance(self._sink, _Queued) else _both(self._sink.log, copy_log)
        if hasattr(os, "register_at_fork"):
            after_fork = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (method := after_fork()) and method())

    @property
    def is_kept_here(self) -> bool:
        """Return whether recorded calls depend on this process until they are stored or exported."""
        return self._sink.is_kept_here

    # -- OpenTelemetry's SpanProcessor ---------------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Do nothing: for spans that are not ours, everything relevant is known when they end."""

    def on_end(self, span: ReadableSpan) -> None:
        """Receive an ended span. Raises only what a signal handler of the program raises meanwhile.

        Other tracers' unsampled spans are ignored; a monitored call arrives here only if it is to be recorded.
        """
        try:
            if type(span) is LeanSpan or type(span) is compiled_span:
                self.on_call_end(span)
                return
            context = span.context
            if context is not None and context.trace_flags.sampled:
                self._sink.foreign(span, is_error=span.status.status_code is StatusCode.ERROR)
        except Exception as error:
            if is_from_signal(error):
                raise
            self._notices.once("on_end", logging.ERROR, "A span could not be recorded.", exc_info=True)

    def force_flush(self, timeout_millis: int | None = 30_000) -> bool:
        """Wait until everything recorded before this call is stored or exported.

        Args:
            timeout_millis: maximum time to wait in milliseconds; None waits 30 seconds.

        Returns:
            Whether all of it was.
        """
        try:
            return self._sink.flush(30.0 if timeout_millis is None else timeout_millis / 1e3)
        except Exception as error:
            if is_from_signal(error):
                raise
            self._notices.once("force_flush", logging.WARNING, "The exporter's force_flush failed: %s", error)
            return False

    def shutdown(self, timeout_millis: int = 30_000) -> None:
        """Store or export waiting spans as far as time allows; calls after the first do nothing.

        Spans that end later are dropped and counted.

        Args:
            timeout_millis: maximum time to wait in milliseconds.
        """
        self._sink.shutdown(timeout_millis / 1e3)

    def stats(self) -> dict[str, Any]:
        """Return counters since the start of the process, for `obsv.stats()`.

        Returns:
            `recorded`, and `errors` among them; their outcome: `exported`, `dropped`, `rejected`; waiting: `depth`,
            `error_depth`; `state`: OK, DELAYED or CIRCUIT OPEN; and more, depending on the receiver.
        """
        return self._sink.stats()

    def _after_fork(self) -> None:
        self._notices.reset()
        self._sink.after_fork()


def _both(first: Callable[[LogRecord], None], then: Callable[[LogRecord], None] | None) -> Callable[[LogRecord], None]:
    if then is None:
        return first

    def on_log(record: LogRecord) -> None:
        first(record)
        then(record)

    return on_log


class _Queued(SpanSink):
    """A queue before an exporter."""

    def __init__(self, queue: ExportQueue) -> None:
        self._queue = queue

    @property
    def is_kept_here(self) -> bool:
        return True

    def begin(self, span: LeanSpan) -> None:
        """Do nothing: an exporter gets only ended spans."""

    def end(self, span: LeanSpan) -> None:
        self._queue.put(span, is_error=span.status_code == ERROR)

    def foreign(self, span: ReadableSpan, *, is_error: bool) -> None:
        self._queue.put(span, is_error=is_error)

    def log(self, record: LogRecord) -> None:
        """Nothing: an exporter takes spans."""

    def flush(self, timeout_s: float) -> bool:
        return self._queue.flush(timeout_s)

    def shutdown(self, timeout_s: float) -> None:
        self._queue.shutdown(timeout_s)

    def stats(self) -> dict[str, Any]:
        return self._queue.stats()

    def after_fork(self) -> None:
        self._queue.reset()
