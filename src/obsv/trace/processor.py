"""The span processor that never loses an error and never makes the program wait."""

import contextlib
import inspect
import logging
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import StatusCode

from obsv.capture import is_from_signal
from obsv.own_time import monotonic
from obsv.trace.blobs import Blobs
from obsv.trace.breaker import BreakerState, CircuitBreaker
from obsv.trace.buffer import Buffer
from obsv.trace.codec import Codec, Form
from obsv.trace.counters import Counters
from obsv.trace.drain import Drain, Limits, OnFull
from obsv.trace.exporting import Exporting
from obsv.trace.foreign_form import ForeignForm
from obsv.trace.journal import Journal
from obsv.trace.lean_form import LeanForm
from obsv.trace.notices import Notices
from obsv.trace.overflow import Overflow
from obsv.trace.pulse import Pulse
from obsv.trace.schedule import Schedule
from obsv.trace.span import ERROR
from obsv.trace.span import Span as LeanSpan
from obsv.trace.spill import Spill
from obsv.trace.stash import Stash
from obsv.trace.worker import Worker

_ERROR = StatusCode.ERROR
_ADOPT_EVERY_S = 60.0
# How long a processor that was dropped without `shutdown` tries to export what it has.
_ABANDONED_S = 5.0
# How long an exporter that hangs is waited for once more.
_SHUT_DOWN_S = 0.5


class ErrorFirstSpanProcessor(SpanProcessor):
    """A span processor with two lanes: errors are exported first and never dropped, the rest is bounded.

    Follows OpenTelemetry's specification of a span processor. `on_end` takes no lock, does no I/O and never raises.
    Spans that the exporter does not take are kept in files beside the database (`spill_path`) and exported later, by
    this process or the next.

    Args:
        exporter: any span exporter. One that is also a `ReplayingExporter` gets spilled spans exactly once, any other
            at least once.
        lane_size: spans of the normal lane.
        ring_size: spans of the overflow ring that refills it.
        batch_size: most spans in one export; batches grow to it under load.
        error_lane_size: from so many waiting errors on they are spilled.
        schedule_delay_s: seconds between two exports of successes. An error is exported at once.
        lag_s: seconds within which a success should be on disk; what would take longer is spilled first.
        on_full: "spill" puts what is too much into files, "drop" drops the oldest successes, "block" lets calls wait.
        block_timeout_s: most that a call waits for room when `on_full` is "block".
        spill_path: what the names of spill files begin with, usually the database's path; None keeps everything in
            memory.
        spill_max_bytes: most bytes of spilled successes; then the oldest go.
        queue_warning_threshold: spans that wait before one warning an episode is logged.
        breaker: when a failing exporter is left alone, and for how long.
        forms: how spans of classes of your own are spilled.
        clock: seconds that never go back.
    """

    # Tells obsv's TracerProvider that monitored calls need not be shown to `on_start`.
    ignores_start = True

    def __init__(
        self,
        exporter: SpanExporter,
        *,
        lane_size: int = 10_000,
        ring_size: int = 50_000,
        batch_size: int = 10_000,
        error_lane_size: int = 10_000,
        schedule_delay_s: float = 0.05,
        lag_s: float = 0.15,
        on_full: OnFull = "spill",
        block_timeout_s: float = 1.0,
        spill_path: str | os.PathLike[str] | None = None,
        spill_max_bytes: int = 1 << 30,
        queue_warning_threshold: int = 8_000,
        breaker: CircuitBreaker | None = None,
        forms: Sequence[Form] = (),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        limits = Limits(schedule_delay_s, batch_size, error_lane_size, lag_s, on_full, block_timeout_s)
        self._exporter = exporter
        self._limits = limits
        self._clock = clock
        self._notices = Notices()
        self._counters = Counters()
        self._breaker = breaker or CircuitBreaker(clock=clock)
        self._buffer: Buffer[ReadableSpan] = Buffer(lane_size, ring_size)
        self._blobs = Blobs()
        self._codec = Codec([*forms, LeanForm(), ForeignForm()])
        self._spill_path = None if spill_path is None else Path(spill_path)
        self._spill_max_bytes = spill_max_bytes
        self._stash = self._new_stash()
        self._pulse = Pulse(lag_s, clock)
        self._journal = Journal(self._spill_path, self._notices)
        self._drain = self._new_drain()
        self._schedule = Schedule(self._notices, clock)
        self._schedule.every(_ADOPT_EVERY_S, self._stash.adopt)
        self._overflow = Overflow(
            self._buffer,
            self._blobs,
            self._stash,
            self._journal,
            self._pulse,
            limits,
            self._notices,
            queue_warning_threshold,
            lambda: None,
        )
        self._worker = Worker(
            self._drain,
            self._buffer,
            self._schedule,
            self._pulse,
            self._notices,
            schedule_delay_s,
            self._overflow.after_step,
            clock,
        )
        self._overflow.wake = self._worker.wake
        self._connect()

    def _connect(self) -> None:
        self._buffer.on_mark = self._overflow.on_mark
        self._buffer.mark = 0  # the first span starts the worker
        self._put, self._put_error = self._buffer.put, self._overflow.put_error
        self._is_shut_down = False
        # The worker's thread refers to the parts, not to this object: when nobody has it any more, the thread ends.
        weakref.finalize(self, self._worker.request_stop, _ABANDONED_S).atexit = False
        if hasattr(os, "register_at_fork"):
            after_fork = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (method := after_fork()) and method())

    def _new_drain(self) -> Drain:
        exporting = Exporting(self._exporter, self._breaker, self._counters, self._notices, self._pulse, self._clock)
        return Drain(
            self._buffer,
            self._blobs,
            exporting,
            self._stash,
            self._journal,
            self._pulse,
            self._counters,
            self._notices,
            self._limits,
            self._clock,
        )

    def _new_stash(self) -> Stash:
        spill = None if self._spill_path is None else Spill(self._spill_path, self._spill_max_bytes)
        return Stash(spill, self._codec, self._counters, self._notices, self._clock)

    # -- OpenTelemetry's SpanProcessor ---------------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Does nothing: what counts is known when the span ends."""

    def on_end(self, span: ReadableSpan) -> None:
        """Take an ended span. Raises nothing but what a signal handler of the program raises meanwhile.

        Other tracers' spans that are not sampled are ignored; a monitored call comes here only if it is to be recorded.
        """
        try:
            if type(span) is LeanSpan:
                if span.status_code == ERROR:
                    self._put_error(span)
                else:
                    self._put(span)
                return
            context = span.context
            if context is None or not context.trace_flags.sampled:
                return
            if span.status.status_code is _ERROR:
                self._put_error(span)
            else:
                self._put(span)
        except Exception as error:
            if is_from_signal(error):
                raise
            self._notices.once("on_end", logging.ERROR, "A span could not be taken.", exc_info=True)

    def force_flush(self, timeout_millis: int | None = 30_000) -> bool:
        """Export everything that waits, spilled spans included.

        Args:
            timeout_millis: milliseconds to wait at most; None waits 30 seconds.

        Returns:
            Whether all that was recorded before this call has been exported.
        """
        timeout_s = 30.0 if timeout_millis is None else timeout_millis / 1e3
        deadline = self._clock() + timeout_s
        if self._is_shut_down or not self._worker.flush(timeout_s):
            return False
        try:
            # Mocks and exporters written by hand return None, which is no failure.
            return self._exporter.force_flush(max(0, int((deadline - self._clock()) * 1e3))) is not False
        except Exception as error:
            self._notices.once("force_flush", logging.WARNING, "The exporter's force_flush failed: %s", error)
            return False

    def shutdown(self, timeout_millis: int = 30_000) -> None:
        """Export what waits, put aside what cannot be exported in time, end the worker, shut the exporter down.

        Spans that end later are dropped and counted. Calls after the first do nothing.

        Args:
            timeout_millis: milliseconds to wait at most.
        """
        if self._is_shut_down:
            return
        self._is_shut_down = True
        deadline = self._clock() + timeout_millis / 1e3
        has_ended = self._worker.stop(timeout_millis / 1e3)
        if not has_ended:
            self._drain.leave(self._new_stash())
            self._worker.let_leave()  # it may have come back meanwhile
        self._overflow.seal()
        self._buffer.discard()
        if has_ended:
            self._shut_exporter_down(deadline)
        else:
            self._shut_down_beside(deadline)

    def _shut_down_beside(self, deadline: float) -> None:
        """Shut down an exporter that hangs: it may hang in this as well."""
        thread = threading.Thread(target=self._shut_exporter_down, args=[deadline], name="obsv-shutdown", daemon=True)
        with contextlib.suppress(RuntimeError):  # no threads any more
            thread.start()
            thread.join(_SHUT_DOWN_S)

    def _shut_exporter_down(self, deadline: float) -> None:
        try:
            if "timeout_millis" in inspect.signature(self._exporter.shutdown).parameters:
                self._exporter.shutdown(timeout_millis=max(0, int((deadline - self._clock()) * 1e3)))  # type: ignore[call-arg]
            else:
                self._exporter.shutdown()
        except Exception as error:
            self._notices.once("shutdown", logging.WARNING, "The exporter's shutdown failed: %s", error)

    # -- more ----------------------------------------------------------------------------------------------------------

    def every(self, interval_s: float, call: Callable[[], float | None]) -> None:
        """Call something about every `interval_s` seconds on the worker's thread, between two exports.

        Where it returns a number it is called again after so many seconds instead. It runs only once the worker runs,
        so not before the first span. What it raises is logged once.
        """
        self._schedule.every(interval_s, call)

    def at_end(self, call: Callable[[], object]) -> None:
        """Call something once at the end, on the worker's thread, when what could be exported was."""
        self._schedule.at_end(call)

    def start(self) -> None:
        """Start the worker before the first span: it exports what dead processes have left."""
        self._worker.wake()

    @property
    def queue_warning_threshold(self) -> int:
        """Spans that wait before one warning an episode is logged; may be set at any time."""
        return self._overflow.queue_warning_threshold

    @queue_warning_threshold.setter
    def queue_warning_threshold(self, threshold: int) -> None:
        self._overflow.queue_warning_threshold = threshold

    def stats(self) -> dict[str, Any]:
        """Counts since the start of the process, for `obsv.stats()`.

        Returns:
            `recorded` and what became of it: `exported`, `spilled`, `replayed`, `dropped`, `rejected`; `overflowed`
            into the ring and `recovered` from it; `errors`; what waits: `depth`, `error_depth`, `spill_pending`; the
            last batch: `batch_size`, `batch_time_ms`, `writer_lag_ms`; and `state`.
        """
        buffer = self._buffer
        return {
            "state": self.state,
            "recorded": buffer.recorded,
            "errors": buffer.errors,
            "depth": buffer.depth,
            "error_depth": buffer.error_depth,
            "overflowed": buffer.overflowed,
            "recovered": buffer.recovered,
            "dropped": buffer.dropped + self._stash.dropped + self._counters.dropped,
            "spilled": self._stash.spilled,
            "spill_pending": self._stash.pending,
            "spill_bytes": self._stash.bytes,
            **self._counters.as_dict(),
        }

    @property
    def state(self) -> str:
        """OK, DELAYED, CIRCUIT OPEN or SPILLING."""
        if self._breaker.state is not BreakerState.CLOSED:
            return "CIRCUIT OPEN"
        if not self._stash.is_empty:
            return "SPILLING"
        late = self._counters.writer_lag_s > 2 * self._limits.lag_s and self._buffer.depth > 0
        return "DELAYED" if late or self._buffer.depth > self.queue_warning_threshold else "OK"

    def _after_fork(self) -> None:
        """In the child: nothing waits, no thread runs, and all locks are free."""
        for part in (self._notices, self._counters, self._pulse, self._drain, self._overflow, self._worker):
            part.reset()
        self._breaker.succeeded()
        self._journal.after_fork()
        self._blobs.clear()
        self._buffer.clear()
        self._stash.after_fork()
        self._buffer.mark = -1 if self._is_shut_down else 0
