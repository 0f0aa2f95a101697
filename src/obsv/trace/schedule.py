"""Periodic tasks on a keeper's thread."""

import logging
from collections.abc import Callable

from obsv.own_time import monotonic
from obsv.trace.notices import Notices


class Schedule:
    """Callables, each with its interval. Used by one thread at a time, except for `every`.

    Args:
        notices: logs failures, once each.
        clock: monotonic seconds.
    """

    def __init__(self, notices: Notices, clock: Callable[[], float] = monotonic) -> None:
        self._notices = notices
        self._clock = clock
        self._tasks: list[_Task] = []

    def every(self, interval_s: float, call: Callable[[], float | None]) -> None:
        """Call a function about every `interval_s` seconds, first after that time.

        If it returns a number, it is called again after that many seconds instead.
        """
        self._tasks.append(_Task(interval_s, call, self._clock() + interval_s))

    def run_due(self) -> None:
        """Call what is due. Exceptions are logged once, and the function is called again next time."""
        for task in list(self._tasks):
            if self._clock() < task.due:
                continue
            # Counted from now on: a machine that slept must not catch up on missed calls.
            task.due = self._clock() + task.interval_s
            wait_s = self._run(task.call)
            if isinstance(wait_s, int | float):
                task.due = self._clock() + wait_s

    def _run(self, call: Callable[[], object]) -> object:
        try:
            return call()
        except Exception as error:
            message, is_refused = "%r failed, and is tried again: %s", isinstance(error, OSError)
            self._notices.once(f"every {call!r}", logging.WARNING, message, call, error, exc_info=not is_refused)
            return None


class _Task:
    __slots__ = ("call", "due", "interval_s")

    def __init__(self, interval_s: float, call: Callable[[], float | None], due: float) -> None:
        self.interval_s = interval_s
        self.call = call
        self.due = due
