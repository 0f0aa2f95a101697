"""The main loop of a keeper: the most urgent work, periodic work, and a wait that a program can end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import forget_request, is_asked_to_leave
from obsv.keeper.lock import Lock
from obsv.own_time import monotonic
from obsv.process_identity import own_identity

logger = logging.getLogger("obsv")

# Interval of checks of the lock, of requests to leave, and of recording programs.
_LOOK_S = 0.25
# A repeated failure must not keep a processor busy.
_STUMBLED_S = 1.0


class Work(Protocol):
    """The work for a database."""

    def step(self) -> bool:
        """Do the most urgent piece of work; return True if there is more to do now."""

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for more work, or for `wake`, at most `timeout_s`."""

    def wake(self) -> None:
        """End the wait; may be called by any thread and any signal handler."""

    def is_needed(self) -> bool:
        """Return whether a program records, or something waits to be stored."""

    def close(self) -> None:
        """Store what can be stored at once, and close everything."""


class Leaving:
    """A request to leave, with a reason. May be set from a signal handler and from any thread.

    Attributes:
        reason: None while there is none.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._on_told: Callable[[], None] = lambda: None

    def tell(self, reason: str) -> None:
        """End the loop; the first reason counts."""
        self.reason = self.reason or reason
        self._on_told()

    def then(self, on_told: Callable[[], None]) -> None:
        """Call a function at each `tell`."""
        self._on_told = on_told


class Loop:
    """A loop that runs the work until there is a reason to leave.

    Args:
        files: files of the database.
        lock: held; if it is lost, another keeper may be active.
        leaving: the reason.
        idle_s: seconds without a recording program after which to leave; None stays.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        files: KeeperFiles,
        lock: Lock,
        leaving: Leaving,
        idle_s: float | None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._files, self._lock, self._leaving, self._idle_s, self._clock = files, lock, leaving, idle_s, clock
        self._own = own_identity()
        self._needed_at = self._look_at = clock()
        self._stumbles = 0

    def run(self, work: Work) -> None:
        """Run the work, and close it at the end."""
        self._leaving.then(work.wake)
        try:
            while self._leaving.reason is None:
                more = self._step(work)
                if self._clock() >= self._look_at:
                    self._look(work)
                if not more and self._leaving.reason is None:
                    work.wait(_STUMBLED_S if self._stumbles else None)
        finally:
            self._leaving.then(lambda: None)
            if self._lock.is_held:
                work.close()

    def _step(self, work: Work) -> bool:
        try:
            more = work.step()
            self._stumbles = 0
        except Exception as error:
            self._stumbles += 1
            if self._stumbles == 1:
                # What the system refuses says all in a line; a fault of ours shows where it is.
                is_refused = isinstance(error, OSError)
                logger.error("The keeper stumbled, and goes on: %s", error, exc_info=not is_refused)
            return False
        return more

    def _look(self, work: Work) -> None:
        now = self._clock()
        self._look_at = now + _LOOK_S
        if not self._lock.is_held:
            self._leaving.tell("the lock file was replaced, so another keeper may be active")
        elif is_asked_to_leave(self._files, self._own):
            forget_request(self._files)
            self._leaving.tell("a newer version of obsv takes over the database")
        elif work.is_needed():
            self._needed_at = now
        elif self._idle_s is not None and now - self._needed_at >= self._idle_s:
            self._leaving.tell("no program is recording")
