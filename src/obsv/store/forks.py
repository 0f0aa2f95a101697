"""No write is under way while the process forks.

SQLite has mutexes of its own. One that another thread holds at the fork stays locked in the child for ever, and the
child hangs in its first call of SQLite. So a fork waits for the end of the batch that is being written, and no other
begins.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

# A batch takes a tenth of a second. A disk that hangs must not keep a program from forking.
_PATIENCE_S = 5.0


class Forking(Protocol):
    """What writes: it holds its lock while it is inside SQLite."""

    fork_lock: threading.Lock

    def after_fork(self) -> None:
        """Begin anew in the child."""


_forking: weakref.WeakSet[Forking] = weakref.WeakSet()
_held: list[Forking] = []


def hold_at_fork(writer: Forking) -> None:
    """Let forks of this process wait for a writer, and tell it in the child."""
    _forking.add(writer)


def _before() -> None:
    _held[:] = [writer for writer in list(_forking) if writer.fork_lock.acquire(timeout=_PATIENCE_S)]


def _after_in_parent() -> None:
    while _held:
        _held.pop().fork_lock.release()


def _after_in_child() -> None:
    _held.clear()
    for writer in list(_forking):
        writer.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
