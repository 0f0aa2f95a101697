"""The time that the program's own `__str__` methods may take on the thread of a failing call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obsv.own_time import ticks

# Longer than any text that is put together from a few values takes: those take 1 to 100 µs.
_SLOW_NS = 1_000_000
# The text that took 200 ms is made again after 20 s: a hundredth of the time goes into it.
_REST = 100
_MOST = 256


class Patience:
    """A record of the methods that were slow twice in a row; each then rests for a hundred times as long as it took.

    A method cannot be interrupted, and the exception may not be read later or by another thread: so its first calls
    have to be waited for. Once is not enough: beside eight busy threads the lock of the interpreter was away for 14 ms
    within a text of 1 µs, and two thirds of all texts were left out.

    Args:
        now: the time in nanoseconds.
    """

    def __init__(self, now: Callable[[], int] = ticks) -> None:
        self._now = now
        # How long each rests, after its first slow call not at all. The method is kept: another may have its ID later.
        self._rests: dict[int, tuple[Any, int, int]] = {}

    def is_over(self, method: Any) -> int:
        """Return how many nanoseconds a method took the last time if it rests now, else 0.

        Args:
            method: the method, or the class whose method it is.
        """
        if not self._rests:
            return 0
        _, until, took = self._rests.get(id(method), (None, 0, 0))
        return took if until > self._now() else 0

    def run(self, method: Any, call: Callable[[], str]) -> str:
        """Return the result of a call that runs the method, and note how long it took, also if it raises."""
        start = self._now()
        try:
            return call()
        finally:
            end = self._now()
            if end - start > _SLOW_NS:
                was_slow = id(method) in self._rests
                if len(self._rests) >= _MOST:
                    self._rests.clear()
                until = end + _REST * (end - start) if was_slow else end
                self._rests[id(method)] = method, until, end - start
            elif self._rests:
                self._rests.pop(id(method), None)
