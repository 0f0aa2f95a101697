"""Native threads and locks, even in a program whose threads are green.

gevent and eventlet patch `threading`, `_thread` and `queue`: a thread is then a greenlet in the program's only thread,
and waiting in it for anything that is not green blocks all of them. obsv's background work therefore uses native
threads, from a private copy of `_thread`.
"""

import threading
import time
from _queue import Empty, SimpleQueue
from collections.abc import Callable
from types import BuiltinFunctionType

from obsv.own_module import own_module
from obsv.own_time import monotonic

# Interval at which a green thread polls for the result of a native one.
_LOOK_S = 0.005

__all__ = ["Done", "Empty", "SimpleQueue", "allocate_lock", "are_green", "get_ident", "start_new_thread", "thread"]


_thread = own_module("_thread")
allocate_lock: Callable[[], threading.Lock] = _thread.allocate_lock
get_ident: Callable[[], int] = _thread.get_ident
start_new_thread: Callable[[Callable[[], object], tuple[()]], int] = _thread.start_new_thread


def are_green() -> bool:
    """Return whether `threading` currently starts green threads instead of native ones."""
    # Up to 3.12 it is `_start_new_thread`, later `_start_joinable_thread`; both are built in.
    starts = (getattr(threading, f"_start_{kind}_thread", None) for kind in ("new", "joinable"))
    return any(start is not None and type(start) is not BuiltinFunctionType for start in starts)


def thread(target: Callable[[], object], name: str) -> "threading.Thread | NativeThread":
    """Return a native daemon thread that is not started yet."""
    if are_green():
        return NativeThread(target, name)
    return threading.Thread(target=target, name=name, daemon=True)


class NativeThread:
    """The part of `threading.Thread` that obsv uses, without `threading`.

    Args:
        target: the function to run.
        name: the name of the thread.
    """

    daemon = True

    def __init__(self, target: Callable[[], object], name: str) -> None:
        self.name = name
        self.ident: int | None = None
        self._target = target
        self._running = allocate_lock()  # held while the thread runs

    def start(self) -> None:
        """Start the thread.

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
    """An event like `threading.Event` that is set once, from any thread."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake up the waiting threads."""
        try:
            self._lock.release()
        except RuntimeError:
            return  # already set

    def wait(self, timeout: float) -> bool:
        """Wait for at most `timeout` seconds; return whether the event was set."""
        is_set = wait_for(self._lock, timeout)
        if is_set:
            self.set()
        return is_set


def wait_for(lock: threading.Lock, timeout: float | None) -> bool:
    """Acquire a lock from `allocate_lock`, letting other green threads run meanwhile."""
    if not are_green():
        return lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
    deadline = None if timeout is None else monotonic() + timeout
    while not lock.acquire(blocking=False):
        if deadline is not None and monotonic() >= deadline:
            return False
        time.sleep(_LOOK_S)  # the program's own sleep, which lets its other threads run
    return True
