"""Threads and locks of the operating system, also in a program whose threads are green.

gevent and eventlet put functions of theirs into `threading`, `_thread` and `queue`: a thread is then a greenlet of the
program's only one, and whoever waits in it for something that is not green stops all of them. What obsv does behind the
program's back runs beside it instead: by a copy of `_thread`, which nobody else holds.
"""

import threading
import time
from _queue import Empty, SimpleQueue
from collections.abc import Callable
from types import BuiltinFunctionType

from obsv.own_module import own_module
from obsv.own_time import monotonic

# Between two looks of a green thread at what one of the operating system does.
_LOOK_S = 0.005

__all__ = ["Done", "Empty", "SimpleQueue", "allocate_lock", "are_green", "get_ident", "start_new_thread", "thread"]


_thread = own_module("_thread")
allocate_lock: Callable[[], threading.Lock] = _thread.allocate_lock
get_ident: Callable[[], int] = _thread.get_ident
start_new_thread: Callable[[Callable[[], object], tuple[()]], int] = _thread.start_new_thread


def are_green() -> bool:
    """Whether what `threading` starts is no thread of the operating system now."""
    # Up to 3.12 it is `_start_new_thread`, then `_start_joinable_thread`; both are built in.
    starts = (getattr(threading, f"_start_{kind}_thread", None) for kind in ("new", "joinable"))
    return any(start is not None and type(start) is not BuiltinFunctionType for start in starts)


def thread(target: Callable[[], object], name: str) -> "threading.Thread | NativeThread":
    """A daemon thread that is one, not yet started."""
    if are_green():
        return NativeThread(target, name)
    return threading.Thread(target=target, name=name, daemon=True)


class NativeThread:
    """The part of `threading.Thread` that obsv uses, without `threading`.

    Args:
        target: what it runs.
        name: what it is called.
    """

    daemon = True

    def __init__(self, target: Callable[[], object], name: str) -> None:
        self.name = name
        self.ident: int | None = None
        self._target = target
        self._running = allocate_lock()  # held from the start to the end

    def start(self) -> None:
        """Start it.

        Raises:
            RuntimeError: no thread can be started.
        """
        self._running.acquire()
        try:
            self.ident = start_new_thread(self._run, ())
        except BaseException:
            self._running.release()
            raise

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self._running.release()

    def is_alive(self) -> bool:
        return self._running.locked()

    def join(self, timeout: float | None = None) -> None:
        if wait_for(self._running, timeout):
            self._running.release()


class Done:
    """A `threading.Event` that is set once, from any thread."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """Let go who waits."""
        try:
            self._lock.release()
        except RuntimeError:
            return  # it was set before

    def wait(self, timeout: float) -> bool:
        """Wait, for so many seconds at most; whether it was set."""
        is_set = wait_for(self._lock, timeout)
        if is_set:
            self.set()
        return is_set


def wait_for(lock: threading.Lock, timeout: float | None) -> bool:
    """Acquire a lock of `allocate_lock`; where threads are green the others go on meanwhile."""
    if not are_green():
        return lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
    deadline = None if timeout is None else monotonic() + timeout
    while not lock.acquire(blocking=False):
        if deadline is not None and monotonic() >= deadline:
            return False
        time.sleep(_LOOK_S)  # the program's own, which lets its other threads run
    return True
