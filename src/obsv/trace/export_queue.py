"""Ended spans waiting for an exporter of this process: two lanes in memory, and a thread that empties them.

`ErrorFirstSpanProcessor` uses this over any OpenTelemetry exporter. A recorded program writes records instead
(`ring_writer.py`), and a keeper exports them.
"""

import contextlib
import inspect
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from obsv.own_time import monotonic
from obsv.trace.breaker import BreakerState
from obsv.trace.context import quiet
from obsv.trace.exporting import Exporting
from obsv.trace.notices import Notices

WhenFull = Literal["drop", "block"]

# How long a queue without an owner tries to export its spans.
_ABANDONED_S = 5.0
# How long to wait once more for an exporter that hangs.
_SHUT_DOWN_S = 0.5
_POLL_S = 0.005


class Sizes(NamedTuple):
    """Limits of a queue.

    Args:
        most: successes that may wait; beyond that, the oldest are dropped. Errors are never dropped.
        batch: maximum number of spans per export.
        delay_s: seconds between two exports of successes. An error is exported at once.
        when_full: "drop" the oldest successes, or "block" the program for a limited time.
        block_s: that time, in seconds.
        warn_at: number of waiting spans above which one warning per episode is logged.
    """

    most: int
    batch: int
    delay_s: float
    when_full: WhenFull
    block_s: float
    warn_at: int


class ExportQueue:
    """A queue of spans for any number of threads that exports errors first. Refused spans are kept and retried.

    Args:
        exporting: calls the exporter; only on the queue's thread.
        sizes: its limits.
        notices: logs problems.
        clock: monotonic seconds.
    """

    def __init__(
        self, exporting: Exporting, sizes: Sizes, notices: Notices, clock: Callable[[], float] = monotonic
    ) -> None:
        self._exporting, self.sizes, self._notices, self._clock = exporting, sizes, notices, clock
        self._is_shut_down = False
        self.reset()

    def reset(self) -> None:
        """Start again, as in the child of a fork: waiting spans are the parent's, and there is no thread yet."""
        # `deque.append` and `popleft` are one step each.
        self._errors: deque[ReadableSpan] = deque()
        self._spans: deque[ReadableSpan] = deque()
        self._called = threading.Event()
        self._starting = threading.RLock()  # guards `_thread`
        self._thread: threading.Thread | None = None
        self._flushes: deque[_Flush] = deque()
        self._stop_by: float | None = None
        self._recorded = self._failed = self._dropped = 0
        self._exporting.reset()

    # -- the program's threads -----------------------------------------------------------------------------------------

    def put(self, span: ReadableSpan, *, is_error: bool) -> None:
        """Add an ended span."""
        if self._is_shut_down:
            self._dropped += 1
            return
        self._recorded += 1
        if is_error:
            self._failed += 1
            self._errors.append(span)
        else:
            self._spans.append(span)
            if len(self._spans) > self.sizes.warn_at:
                self._warn()
            if len(self._spans) > self.sizes.most:
                self._make_room()
        if self._thread is None:
            self._start()
        if (is_error or len(self._spans) >= self.sizes.batch) and not self._called.is_set():
            self._called.set()

    def _warn(self) -> None:
        message = "%d spans are waiting for the exporter, more than %d."
        self._notices.once("queue", logging.WARNING, message, len(self._spans), self.sizes.warn_at)

    def _make_room(self) -> None:
        deadline = self._clock() + self.sizes.block_s
        while self.sizes.when_full == "block" and len(self._spans) > self.sizes.most and self._clock() < deadline:
            self._called.set()
            time.sleep(_POLL_S)
        with contextlib.suppress(IndexError):  # another thread also removes
            while len(self._spans) > self.sizes.most:
                self._spans.popleft()
                self._dropped += 1

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="obsv-export", daemon=True)
                thread.start()
                self._thread = thread

    def flush(self, timeout_s: float) -> bool:
        """Export all waiting spans.

        Returns:
            Whether all spans added before this call were accepted in time.
        """
        if self._is_shut_down:
            return False
        deadline = self._clock() + timeout_s
        if self._thread is not None:
            request = _Flush()
            self._flushes.append(request)
            self._called.set()
            if not request.done.wait(timeout_s) or not request.result:
                return False
        # Mocks and handwritten exporters return None, which is not a failure.
        return self._exporting.exporter.force_flush(max(0, int((deadline - self._clock()) * 1e3))) is not False

    def shutdown(self, timeout_s: float) -> None:
        """Export waiting spans as far as time allows, and end the thread and the exporter; later spans are dropped."""
        if self._is_shut_down:
            return
        self._is_shut_down = True
        deadline = self._clock() + timeout_s
        self.stop(timeout_s)
        if self._thread is not None:
            self._thread.join(timeout_s)
        has_ended = self._thread is None or not self._thread.is_alive()
        self._dropped += self.depth
        self._errors.clear()
        self._spans.clear()
        if has_ended:
            self._shut_exporter_down(deadline)
            return
        # It may hang in this as well.
        closing = threading.Thread(target=self._shut_exporter_down, args=(deadline,), name="obsv-shutdown", daemon=True)
        with contextlib.suppress(RuntimeError):  # no threads any more
            closing.start()
            closing.join(_SHUT_DOWN_S)

    def _shut_exporter_down(self, deadline: float) -> None:
        shutdown: Any = self._exporting.exporter.shutdown
        try:
            with quiet():
                if "timeout_millis" in inspect.signature(shutdown).parameters:
                    shutdown(timeout_millis=max(0, int((deadline - self._clock()) * 1e3)))
                else:
                    shutdown()
        except Exception as error:
            self._notices.once("shutdown", logging.WARNING, "The exporter's shutdown failed: %s", error)

    def stop(self, timeout_s: float = _ABANDONED_S) -> None:
        """Make the thread export waiting spans as far as time allows, and end."""
        self._stop_by = self._clock() + timeout_s
        self._called.set()

    @property
    def depth(self) -> int:
        """Return the number of waiting spans."""
        return len(self._errors) + len(self._spans)

    def stats(self) -> dict[str, Any]:
        """Return counters since the start of the process."""
        exporting = self._exporting
        return {
            "state": self._state(),
            "recorded": self._recorded,
            "errors": self._failed,
            "exported": exporting.exported,
            "dropped": self._dropped,
            "rejected": exporting.rejected,
            "failed_batches": exporting.failed_batches,
            "depth": len(self._spans),
            "error_depth": len(self._errors),
            "batch_size": exporting.batch_size,
            "batch_time_ms": round(exporting.batch_time_s * 1e3, 3),
        }

    def _state(self) -> str:
        if self._exporting.breaker.state is not BreakerState.CLOSED:
            return "CIRCUIT OPEN"
        return "DELAYED" if len(self._spans) > self.sizes.warn_at else "OK"

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        # Otherwise the exporter's own HTTP calls would become spans.
        with quiet():
            while self._stop_by is None:
                self._called.wait(self.sizes.delay_s)
                self._called.clear()
                self._work()
            self._work()

    def _work(self) -> None:
        flushes = [self._flushes.popleft() for _ in range(len(self._flushes))]
        is_done = self._drain(is_urgent=bool(flushes) or self._stop_by is not None)
        for flush in flushes:
            flush.result = is_done
            flush.done.set()
        if not self.depth:
            self._notices.over("queue")

    def _drain(self, *, is_urgent: bool) -> bool:
        # Later spans belong to the next round, so that a flush ends.
        left = self.depth
        while left > 0 and self.depth:
            if self._stop_by is not None and self._clock() > self._stop_by:
                return False
            if not self._exporting.breaker.allow(probe_now=is_urgent):
                return False
            batch, errors = self._batch(min(left, self.sizes.batch))
            if self._exporting.export(batch):
                self._errors.extendleft(reversed(batch[:errors]))
                self._spans.extendleft(reversed(batch[errors:]))
                self._make_room_again()
                return False
            left -= len(batch)
        return True

    def _make_room_again(self) -> None:
        with contextlib.suppress(IndexError):
            while len(self._spans) > self.sizes.most:
                self._spans.popleft()
                self._dropped += 1

    def _batch(self, most: int) -> tuple[list[ReadableSpan], int]:
        """Return the next spans to export, and the number of errors at the front."""
        batch: list[ReadableSpan] = []
        errors = 0
        for lane in (self._errors, self._spans):
            with contextlib.suppress(IndexError):  # `shutdown` may empty the lanes meanwhile
                while len(batch) < most:
                    batch.append(lane.popleft())
            errors = errors or len(batch) if lane is self._errors else errors
        return batch, errors


class _Flush:
    __slots__ = ("done", "result")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result = False
