"""The worker thread: sleeps, drains, flushes, and never dies of an exception."""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from obsv.own_threads import Done, Empty, NativeThread, SimpleQueue, allocate_lock, get_ident, thread
from obsv.own_time import monotonic
from obsv.trace.buffer import Buffer
from obsv.trace.context import quiet
from obsv.trace.drain import Drain
from obsv.trace.notices import Notices
from obsv.trace.pulse import Pulse
from obsv.trace.schedule import Schedule

# After so many rounds without a span the thread sleeps until something comes.
_QUIET_ROUNDS = 20
_FOREVER_S = 3600.0
# What is in memory is put aside in a second, even beside other programs.
_LEAVE_S = 10.0


class Worker:
    """Runs a drain on a daemon thread that starts when first needed.

    Args:
        drain: what is run, by this thread or, when there can be no thread, by the caller of `flush`.
        buffer: looked at before a long sleep.
        schedule: run between the steps.
        pulse: told how long it takes this thread to come.
        notices: says what goes wrong.
        schedule_delay_s: seconds between two looks at the buffer.
        after_step: called after each round of work.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        drain: Drain,
        buffer: Buffer[ReadableSpan],
        schedule: Schedule,
        pulse: Pulse,
        notices: Notices,
        schedule_delay_s: float,
        after_step: Callable[[], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._drain = drain
        self._buffer = buffer
        self._schedule = schedule
        self._pulse = pulse
        self._notices = notices
        self._schedule_delay_s = schedule_delay_s
        self._after_step = after_step
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget the thread, as the child of a fork must: it has none."""
        self._thread: threading.Thread | NativeThread | None = None
        self._cannot_start = False
        self._ident: int | None = None
        self._starting = allocate_lock()  # guards `_thread`
        self._working = allocate_lock()  # guards the drain: held by whoever runs it
        # Not an `Event`, whose lock would hang a signal handler that interrupts `wake` and wakes as well.
        self._tokens: SimpleQueue[None] = SimpleQueue()
        self._is_called = False
        self._requests: deque[_Flush] = deque()
        self._quiet_rounds = 0
        self._stop_by: float | None = None
        self.is_idle = True

    # -- from any thread -----------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """See that the thread runs soon. Never waits for it, never raises."""
        self.is_idle = False
        if self._thread is None:
            self._start()
        if not self._is_called:
            self._is_called = True
            self._pulse.call()
            self._tokens.put(None)

    def flush(self, timeout_s: float) -> bool:
        """Have everything that waits exported.

        Returns:
            Whether it was, in time.
        """
        deadline = self._clock() + timeout_s
        if self._is_this_thread():
            return False
        if self._thread is None:
            self._start()
        if self._thread is None:
            return self._here(lambda: self._drain.flush(deadline), timeout_s) is True
        request = _Flush(deadline)
        self._requests.append(request)
        self.wake()
        return request.done.wait(timeout_s) and request.result

    def stop(self, timeout_s: float) -> bool:
        """Drain, put aside what cannot be exported in time, and end the thread.

        Returns:
            False if the thread hangs in the exporter.
        """
        self._stop_by = self._clock() + timeout_s
        if self._is_this_thread():
            return True
        thread = self._thread
        if thread is None:
            return self._here(self._finish, timeout_s) is not None
        self._tokens.put(None)
        # The thread itself gives up at the deadline; what it then puts aside takes a moment more.
        thread.join(timeout_s + 1.0)
        self.let_leave()
        return not thread.is_alive()

    def let_leave(self) -> None:
        """Wait for the thread unless it hangs in the exporter: nobody else can put aside what it has in hand."""
        if self._thread is not None and not self._drain.is_exporting and not self._is_this_thread():
            self._thread.join(_LEAVE_S)

    def request_stop(self, timeout_s: float) -> None:
        """Like `stop`, without waiting for the end."""
        self._stop_by = self._clock() + timeout_s
        self._tokens.put(None)

    def _is_this_thread(self) -> bool:
        return get_ident() == self._ident

    def _start(self) -> None:
        if self._cannot_start or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                self._thread = thread(self._run, "obsv-writer")
                self._thread.start()
        except RuntimeError:
            self._thread = None
            # Python 3.12 starts no threads once the interpreter is shutting down: `flush` and `stop` do the work.
            self._cannot_start = True
        finally:
            self._starting.release()

    def _here(self, work: Callable[[], Any], timeout_s: float) -> Any:
        """Run something in place of the thread; None if somebody else is at it for too long."""
        if not self._working.acquire(timeout=max(0.0, timeout_s)):
            return None
        try:
            with quiet():
                return work()
        finally:
            self._working.release()

    # -- on the worker's thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._ident = get_ident()  # whoever started it may not have come to that yet
        with quiet():
            while self._stop_by is None:
                self._sleep(self._pause_s())
                with self._working:
                    self._guarded(self._cycle)
            with self._working:
                self._guarded(self._finish)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException:
            self._notices.once("worker", logging.ERROR, "Recording stumbled, and goes on.", exc_info=True)
            for request in self._requests:
                request.done.set()

    def _cycle(self) -> None:
        self._serve()
        while self._stop_by is None and self._drain.step():
            self._quiet_rounds = 0
            self._after_step()
            self._schedule.run_due()  # here too: this loop need not end while a program is ahead
            self._serve()
        self._after_step()
        self._schedule.run_due()

    def _serve(self) -> None:
        while self._requests:
            request = self._requests.popleft()
            request.result = self._drain.flush(request.deadline)
            self._after_step()
            request.done.set()

    def _finish(self) -> bool:
        assert self._stop_by is not None
        self._serve()
        self._drain.flush(self._stop_by)
        self._schedule.run_last()
        self._drain.leave()
        return True

    def _sleep(self, timeout_s: float) -> None:
        # Down before anything is looked at: whoever comes later puts the next token.
        with contextlib.suppress(Empty):
            self._tokens.get(timeout=timeout_s)
            self._pulse.woke()
        self._is_called = False

    def _pause_s(self) -> float:
        """Seconds to sleep; before a long sleep, producers are told to wake this thread."""
        if self._requests or self._stop_by is not None:
            return 0.0
        self._quiet_rounds = self._quiet_rounds + 1 if self._drain.is_quiet else 0
        if self._quiet_rounds <= _QUIET_ROUNDS:
            return self._schedule_delay_s
        self.is_idle, self._buffer.mark = True, 0
        if self._buffer.depth:  # came before the mark was down, so nobody was told
            return 0.0
        wait_s = self._schedule.wait_s()
        return _FOREVER_S if wait_s is None else wait_s


class _Flush:
    __slots__ = ("deadline", "done", "result")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.done = Done()
        self.result = False
