"""The bell with which a program ends the keeper's wait: a byte in a FIFO beside the database.

Both sides open it for reading and writing: a program that rings while nobody listens gets no SIGPIPE and no error, and
a keeper sees no end of file. A full FIFO means that the keeper has been called often enough.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Any

from obsv.own_files import SAFE_FLAGS, is_own
from obsv.own_module import own_module
from obsv.own_time import sleep

_RINGS = 4_096


# gevent and eventlet remove `poll` from the module, and their own would run a hub here.
_select = own_module("select")


class Doorbell:
    """A waiter for the bell, and for the ends of processes.

    Args:
        path: the FIFO, created if missing; if that is impossible, only time ends the wait.
    """

    def __init__(self, path: str) -> None:
        # Windows has neither `poll` nor anything of ours to wait for with it.
        poll: Any = getattr(_select, "poll", None)
        self._poll = poll and poll()
        self._watched: dict[int, int] = {}  # descriptor of a process: its pid
        self._fifo = _opened(path)
        if self._fifo is not None:
            self._poll.register(self._fifo, 1)

    def ring(self) -> None:
        """End the wait of any process. For any thread and any signal handler."""
        if self._fifo is not None:
            with contextlib.suppress(OSError):
                os.write(self._fifo, b"!")

    def wait(self, timeout_s: float) -> list[int]:
        """Wait for the bell.

        Returns:
            The PIDs of watched processes that have ended.
        """
        if self._fifo is None and not self._watched:
            sleep(timeout_s)
            return []
        ended = []
        for descriptor, _ in self._poll.poll(timeout_s * 1_000):
            if descriptor == self._fifo:
                with contextlib.suppress(OSError):
                    os.read(descriptor, _RINGS)
            elif descriptor in self._watched:
                ended.append(self._forget(descriptor))
        return ended

    def watch(self, pid: int) -> None:
        """End the wait when a process ends, if the system supports it."""
        if pid in self._watched.values() or not hasattr(os, "pidfd_open"):
            return
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(pid)
            self._watched[descriptor] = pid
            self._poll.register(descriptor, 1)

    def unwatch(self, pid: int) -> None:
        """Stop watching a process."""
        for descriptor in [each for each, watched in self._watched.items() if watched == pid]:
            self._forget(descriptor)

    def close(self) -> None:
        """Stop waiting, and close all descriptors."""
        for descriptor in list(self._watched):
            self._forget(descriptor)
        if self._fifo is not None:
            os.close(self._fifo)
            self._fifo = None

    def _forget(self, descriptor: int) -> int:
        self._poll.unregister(descriptor)
        os.close(descriptor)
        return self._watched.pop(descriptor)


def _opened(path: str) -> int | None:
    with contextlib.suppress(OSError, AttributeError):
        os.mkfifo(path, 0o600)
    try:
        descriptor = os.open(path, os.O_RDWR | SAFE_FLAGS)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISFIFO(status.st_mode) or not is_own(status):
        os.close(descriptor)
        return None
    return descriptor
