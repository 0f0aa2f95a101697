"""Forks wait until no write is in progress.

SQLite has mutexes of its own. A mutex held by another thread at the fork stays locked in the child forever, and the
child hangs in its first SQLite call. Therefore a fork waits for the end of the current batch, and no other batch
begins.

The child closes its copy of the connection. SQLite keeps one record per process of its locks on a file: with the copy
open, it would mistake the parent's locks for its own and lock nothing itself, and after the parent has ended, any
program that closes the file would remove the child's log with everything that the child writes to it. Closing releases
the child's locks, not the parent's: POSIX locks belong to a process.
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
    """A lock held by a writer while it is inside SQLite, and by a forking thread, which goes next even if the writer is
    busy.
    """

    def __init__(self) -> None:
        self._gate = threading.Lock()  # held by a forking thread from the moment it asks: no writer gets past it
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._gate:
            pass
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def hold(self, timeout_s: float) -> bool:
        """Keep writers out; return False if a writer did not leave in time, or another fork is in progress."""
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
    """The interface of a writer, which holds its lock while it is inside SQLite."""

    fork_lock: ForkLock

    def after_fork(self, *, was_idle: bool) -> None:
        """Start again in the child; `was_idle`: no thread was inside SQLite."""


_forking: weakref.WeakSet[Forking] = weakref.WeakSet()


class _Held(threading.local):
    """The locks held by a forking thread: several threads may fork, one after the other."""

    def __init__(self) -> None:
        self.writers: list[Forking] = []


_held = _Held()


def hold_at_fork(writer: Forking) -> None:
    """Make forks of this process wait for a writer, and notify it in the child."""
    _forking.add(writer)


def hold_writers() -> None:
    """Keep writers out of SQLite until the fork that has begun in this thread is over.

    Each fork calls this. Code that delays a fork while this module is being imported must call it too: that fork has
    its own list of hooks, without this one.
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
