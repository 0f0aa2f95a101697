"""A separate lane for an exporter that may be slow, dead or misbehaving: limited, and never blocking anything else.

It is not the SDK's batch processor, which has no time limit on `force_flush`, logs on the program's thread when it is
full, and gives errors no priority. Nor is it the error-first processor of the store, which keeps errors forever: that
is right for the store and wrong for a copy. Spans lost here are in the store; `obsv forward` sends them.
"""

import contextlib
import logging
import os
import threading
import weakref
from collections import deque
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import StatusCode

from obsv.trace.breaker import CircuitBreaker
from obsv.trace.context import quiet
from obsv.trace.log_record import ERROR as LOG_ERROR
from obsv.trace.log_record import LogRecord
from obsv.trace.notices import Notices
from obsv.trace.span import ERROR
from obsv.trace.span import Span as LeanSpan


class Exporter(Protocol):
    """The destination of a lane: an exporter of OpenTelemetry's SDK, or one with the same methods."""

    def export(self, spans: Any, /) -> SpanExportResult:
        """Send a batch."""

    def shutdown(self) -> None:
        """Close its connections."""


class Lane(SpanProcessor):
    """A span processor that hands spans to an exporter when it can, errors first, the oldest dropped when it cannot.

    Args:
        exporter: where they go; what it refuses is not tried again, as it tries by itself.
        name: of the destination, for the log.
        max_queue_size: successes that wait, and as many errors beside them.
        max_export_batch_size: most spans of one export.
        schedule_delay_s: seconds between two exports.
        breaker: when a failing exporter is left alone, and for how long.
    """

    # Tells obsv's TracerProvider not to pass monitored calls to `on_start`.
    ignores_start = True

    # Takes the name, the reason, and the name again.
    refusal = (
        "Spans could not be sent to %s (%s). They are in the database: run obsv forward --to %s to send them later."
    )

    def __init__(
        self,
        exporter: Exporter,
        name: str,
        *,
        max_queue_size: int = 8_192,
        max_export_batch_size: int = 512,
        schedule_delay_s: float = 1.0,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._exporter = exporter
        self._name = name
        self._size = max_queue_size
        self._batch_size = max_export_batch_size
        self._delay_s = schedule_delay_s
        self._breaker = breaker or CircuitBreaker(3, 30.0)
        self._notices = Notices()
        self.exported = self.dropped = self._refused = 0
        self._is_shut_down = False
        self._reset()
        if hasattr(os, "register_at_fork"):
            reset = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (method := reset()) and method())

    def _reset(self) -> None:
        # After a fork the parent sends the waiting spans; the child has no thread yet.
        self._errors: deque[Any] = deque(maxlen=self._size)
        self._rest: deque[Any] = deque(maxlen=self._size)
        self._flushes: deque[_Flush] = deque()
        self._called = threading.Event()
        self._starting = threading.Lock()  # guards `_thread`
        self._thread: threading.Thread | None = None

    # -- OpenTelemetry's SpanProcessor ---------------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Do nothing."""

    def on_end(self, span: ReadableSpan) -> None:
        """Receive an ended span; takes no lock and never raises."""
        try:
            if type(span) is LeanSpan:
                is_error = span.status_code == ERROR
            elif span.context is None or not span.context.trace_flags.sampled:
                return
            else:
                is_error = span.status.status_code is StatusCode.ERROR
            self._put(span, is_error)
        except Exception:
            self._notices.once("on_end", logging.ERROR, "A span could not be queued for %s.", self._name, exc_info=True)

    def _put(self, item: Any, is_error: bool) -> None:
        queue = self._errors if is_error else self._rest
        if self._is_shut_down or len(queue) == self._size:
            self.dropped += 1
        if not self._is_shut_down:
            queue.append(item)
            if self._thread is None:
                self._start()
            elif len(queue) >= self._batch_size and not self._called.is_set():
                self._called.set()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send the waiting spans.

        Args:
            timeout_millis: maximum time to wait in milliseconds.

        Returns:
            Whether all of them were accepted in time.
        """
        if self._thread is None:
            return not (self._errors or self._rest)
        flush = _Flush(self._refused)
        self._flushes.append(flush)
        self._called.set()
        return flush.done.wait(timeout_millis / 1e3) and flush.result

    def shutdown(self, timeout_millis: int = 1_000) -> None:
        """Send waiting spans as far as time allows, and end. Calls after the first do nothing.

        Args:
            timeout_millis: maximum time to wait in milliseconds.
        """
        if self._is_shut_down:
            return
        self._is_shut_down = True
        self._called.set()
        if self._thread is not None:
            self._thread.join(timeout_millis / 1e3)
        self.dropped += self.depth
        self._errors.clear()
        self._rest.clear()
        # Not here: an exporter that hangs may also hang in its shutdown.
        closing = threading.Thread(target=self._close, name="obsv-otlp-close", daemon=True)
        closing.start()
        closing.join(max(0.2, timeout_millis / 1e4))

    def _close(self) -> None:
        try:
            with quiet():
                self._exporter.shutdown()
        except Exception as error:
            self._notices.once("shutdown", logging.WARNING, "The exporter to %s failed to close: %s", self._name, error)

    # -- the lane's thread ---------------------------------------------------------------------------------------------

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="obsv-otlp", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        # Otherwise the exporter's own HTTP calls would become spans.
        with quiet():
            while not self._is_shut_down:
                self._called.wait(self._delay_s)
                self._called.clear()
                if not self._flushes:
                    self._drain()
                while self._flushes:
                    flush = self._flushes.popleft()
                    flush.result = self._drain(probe_now=True) and self._refused == flush.refused_before
                    flush.done.set()
            self._drain()

    @property
    def depth(self) -> int:
        """Return the number of waiting spans."""
        return len(self._errors) + len(self._rest)

    def _drain(self, *, probe_now: bool = False) -> bool:
        """Export until nothing waits, or an export failed.

        Returns:
            Whether everything was accepted.
        """
        while self._errors or self._rest:
            if not self._breaker.allow(probe_now=probe_now) or not self._export(self._next_batch()):
                return False
        return True

    def _next_batch(self) -> list[Any]:
        batch: list[Any] = []
        # `shutdown` may empty the queues meanwhile, when it has waited long enough.
        with contextlib.suppress(IndexError):
            for queue in (self._errors, self._rest):
                while queue and len(batch) < self._batch_size:
                    batch.append(queue.popleft())
        return batch

    def _export(self, batch: list[Any]) -> bool:
        try:
            taken = self._exporter.export(batch) is not SpanExportResult.FAILURE
            reason = "it was refused"
        except Exception as error:
            taken, reason = False, f"{type(error).__name__}: {error}"
        if taken:
            self.exported += len(batch)
            self._breaker.succeeded()
            self._notices.over("export")
            return True
        self.dropped += len(batch)
        self._refused += 1
        self._breaker.failed()
        self._notices.once("export", logging.WARNING, self.refusal, self._name, reason, self._name)
        return False


class LogLane(Lane):
    """The same for log records: their own queue and connection, errors first.

    It is no processor of a provider: the store's passes each record on to `on_log`.
    """

    refusal = (
        "Log records could not be sent to %s (%s). They are in the database. Set OTEL_LOGS_EXPORTER=none if %s takes "
        "no log records."
    )

    def on_log(self, record: LogRecord) -> None:
        """Receive a log record; takes no lock and never raises."""
        try:
            self._put(record, record.severity >= LOG_ERROR or record.is_kept)
        except Exception:
            self._notices.once(
                "on_log", logging.ERROR, "A log record could not be queued for %s.", self._name, exc_info=True
            )


class _Flush:
    __slots__ = ("done", "refused_before", "result")

    def __init__(self, refused_before: int) -> None:
        self.refused_before = refused_before
        self.done = threading.Event()
        self.result = False
