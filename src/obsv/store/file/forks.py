"""No write is under way while the process forks.

SQLite has mutexes of its own. One that another thread holds at the fork stays locked in the child for ever, and the
child hangs in its first call of SQLite. So a fork waits for the end of the batch that is being written, and no other
begins.

The child closes the connection that it got a copy of. SQLite notes once a process which locks it has on a file; with
the copy open it would take the parent's for its own and lock nothing itself, and when the parent has ended, any program
that closes the file would take the child's log away, with all that the child writes to it from then on. What closing
unlocks are the child's locks, not the parent's: POSIX gives each process its own.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Protocol

# A batch takes a tenth of a second. A disk that hangs must not keep a program from forking.
_PATIENCE_S = 5.0


class ForkLock:
    """Held by a writer while it is inside SQLite, and by whoever forks, who comes next however busy the writer is."""

    def __init__(self) -> None:
        self._gate = threading.Lock()  # held by whoever forks from the moment of asking: no writer gets past it
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._gate:
            pass
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def hold(self, timeout_s: float) -> bool:
        """Keep writers out; False if one did not come out in time, or another fork."""
        deadline = time.monotonic() + timeout_s
        if not self._gate.acquire(timeout=timeout_s):
            return False
        if self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return True
        self._gate.release()
        return False

    def let_go(self) -> None:
        """End `hold`."""
        self._lock.release()
        self._gate.release()


class Forking(Protocol):
    """What writes: it holds its lock while it is inside SQLite."""

    fork_lock: ForkLock

    def after_fork(self, *, was_idle: bool) -> None:
        """Begin anew in the child; `was_idle`: nobody was inside SQLite."""


_forking: weakref.WeakSet[Forking] = weakref.WeakSet()


class _Held(threading.local):
    """What the thread that forks has locked: several may fork at once, one after the other."""

    def __init__(self) -> None:
        self.writers: list[Forking] = []


_held = _Held()


def hold_at_fork(writer: Forking) -> None:
    """Let forks of this process wait for a writer, and tell it in the child."""
    _forking.add(writer)


def hold_writers() -> None:
    """Keep writers out of SQLite until the fork is over that has begun in this thread.

    It is called by each fork. Whoever makes a fork wait while this module is loaded calls it too: that fork has its own
    list of what is called, without this.
    """
    waiting = [writer for writer in list(_forking) if writer not in _held.writers]
    _held.writers += [writer for writer in waiting if writer.fork_lock.hold(_PATIENCE_S)]


def _after_in_parent() -> None:
    while _held.writers:
        _held.writers.pop().fork_lock.let_go()


def _after_in_child() -> None:
    idle, _held.writers = _held.writers, []
    for writer in list(_forking):
        writer.after_fork(was_idle=writer in idle)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=hold_writers, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
