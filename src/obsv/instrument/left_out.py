"""Calls that are counted instead of recorded: their number per function and caller, and their durations.

About once a second the counts become one span that states how many calls it stands for; the store adds them to its
counts and percentiles (`store/ground/weights.py`).
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import Counter, deque
from typing import Any

from obsv import semconv
from obsv.capture import is_from_signal
from obsv.own_time import ticks
from obsv.trace import recording as path
from obsv.trace.details import Details
from obsv.trace.function import Function
from obsv.trace.span import Span

logger = logging.getLogger("obsv")

_EVERY_NS = 1_000_000_000
# Durations waiting to be added up: 40 KB per function.
_MOST_WAITING = 1_000


class _Tally:
    """The calls of one function by one caller since its last span."""

    __slots__ = ("buckets", "first_tick", "lock", "max_ns", "total_ns", "waiting")

    def __init__(self) -> None:
        # Appending is one step; adding up is not, and is done by the thread that holds the lock.
        self.waiting: deque[int] = deque()
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.buckets: Counter[int] = Counter()
        self.total_ns = self.max_ns = 0
        self.first_tick = ticks()

    def try_to_add_up(self) -> None:
        """Add what waits, where no other thread is at it."""
        if self.lock.acquire(blocking=False):
            try:
                self.add_up()
            finally:
                self.lock.release()

    def add_up(self) -> None:
        """Add up waiting durations; call this with the lock held."""
        from obsv.store.ground import buckets  # loads SQLite, which `import obsv` does not

        waiting = self.waiting
        durations = [waiting.popleft() for _ in range(len(waiting))]
        if durations:
            self.buckets.update(buckets(durations))
            self.total_ns += sum(durations)
            self.max_ns = max(self.max_ns, *durations)

    def taken(self) -> dict[str, Any]:
        """Return the counts as a span's attributes; empty if there are none. Call this with the lock held."""
        self.add_up()
        if not self.buckets:
            return {}
        found = {
            semconv.LEFT_OUT_CALLS: self.buckets.total(),
            semconv.LEFT_OUT_TOTAL_NS: self.total_ns,
            semconv.LEFT_OUT_MAX_NS: self.max_ns,
            semconv.LEFT_OUT_DURATIONS: json.dumps(sorted(self.buckets.items())),
        }
        self.clear()
        return found


class _LeftOut:
    """All tallies of the process."""

    def __init__(self) -> None:
        self.tallies: dict[tuple[Function, Function | None], _Tally] = {}
        self.due_tick = 0

    def tally(self, key: tuple[Function, Function | None]) -> _Tally:
        if not self.tallies:
            self.due_tick = ticks() + _EVERY_NS
        return self.tallies.setdefault(key, _Tally())

    def say(self) -> None:
        self.due_tick = ticks() + _EVERY_NS
        for (function, caller), tally in list(self.tallies.items()):
            if tally.lock.acquire(blocking=False):
                try:
                    first_tick, attributes = tally.first_tick, tally.taken()
                finally:
                    tally.lock.release()
                if attributes:
                    _record(function, caller, first_tick, attributes)
                else:
                    self.tallies.pop((function, caller), None)
                    # Durations that another thread adds meanwhile are not lost with it.
                    if tally.waiting:
                        self.tally((function, caller)).waiting.extend(tally.waiting)


_left_out = _LeftOut()


def note(function: Function, caller: Function | None, start_tick: int, end_tick: int) -> None:
    """Count a call. Raises only what a signal handler of the program raises meanwhile."""
    try:
        tally = _left_out.tallies.get((function, caller)) or _left_out.tally((function, caller))
        tally.waiting.append(end_tick - start_tick)
        if end_tick >= _left_out.due_tick:
            say_left_out()
        elif len(tally.waiting) > _MOST_WAITING:
            tally.try_to_add_up()
    except Exception as error:
        if is_from_signal(error):
            raise
        logger.debug("Calls could not be counted.", exc_info=True)


def say_left_out() -> None:
    """Create spans from the counts so far."""
    _left_out.say()


def _record(function: Function, caller: Function | None, first_tick: int, attributes: dict[str, Any]) -> None:
    span: Span = path.begin(function, None)
    span.caller, span.inputs = caller, ()
    span.start_tick = first_tick
    span.details = Details(span.origin.limits)
    for key, value in attributes.items():
        span.details.attributes[key] = value
    # Views of single calls show a call with the mean duration.
    span.end_tick = first_tick + attributes[semconv.LEFT_OUT_TOTAL_NS] // attributes[semconv.LEFT_OUT_CALLS]
    span.on_end(span)


def forget_left_out() -> None:
    """Start again: in a child, because the parent reports its own counts; and if tests record into a list."""
    _left_out.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_left_out)
