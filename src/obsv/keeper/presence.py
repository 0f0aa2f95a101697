"""The recording program's side: makes sure that a database has a keeper."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from obsv.keeper.doorbell import Doorbell
from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import ask_to_leave, is_older
from obsv.keeper.launch import CannotStart, launch
from obsv.keeper.lock import Lock, LockUnsupported, Unlocked
from obsv.keeper.loop import Work
from obsv.keeper.options import Kept, Options
from obsv.keeper.thread import NO_DESCRIPTORS, KeeperThread
from obsv.own_time import monotonic
from obsv.record.ring import Ring
from obsv.semconv import VERSION

logger = logging.getLogger("obsv")

# A process takes a quarter of a second to acquire the lock, or two seconds on a busy machine.
_STARTING_S = 5.0
# After this many processes that ended before they had the lock, no more are started.
_MOST_STARTS = 3


class _Ours:
    """The actions of this process for its databases. The child of a fork forgets them."""

    def __init__(self) -> None:
        self.threads: dict[str, KeeperThread] = {}
        self.memory_threads: list[KeeperThread] = []
        self.bells: dict[str, Doorbell] = {}
        self.started_at: dict[str, float] = {}
        self.starts: dict[str, int] = {}
        self.told: set[str] = set()


_ours = _Ours()


def ensure(db: str | os.PathLike[str], options: Options) -> Kept:
    """Make sure that a database has a keeper; start one if not. Never raises, except a signal handler's exception.

    Args:
        db: path of the database; its directory exists.
        options: options for a new keeper.
    """
    files = KeeperFiles.of(db)
    thread = _ours.threads.get(files.db)
    if thread is not None and thread.is_running:
        return Kept("thread")
    try:
        files.make()
        return _ensured(files, options)
    except (LockUnsupported, OSError) as error:
        # Without descriptors nobody can see who keeps the database; what is recorded waits for the next look.
        is_unknown = isinstance(error, OSError) and error.errno in NO_DESCRIPTORS
        return Kept("process") if is_unknown else _alone(files, options, f"{error}")


def keep_in_memory(db: str | os.PathLike[str], options: Options, ring: Ring) -> Kept:
    """Store a ring in this process's memory with a thread of this process, if files cannot be used. Never raises.

    Args:
        db: path of the database.
        options: options of the keeper.
        ring: opened by `obsv.record.ring.open_in_memory`.
    """
    files = KeeperFiles.of(db)
    return _started(files, options, Unlocked(files), "files cannot be used", ring)


def leave(timeout_s: float) -> bool:
    """End the keeper threads of this process, which store what can be stored at once.

    Returns:
        False if one did not end in time.
    """
    threads = [*_ours.threads.values(), *_ours.memory_threads]
    _ours.threads.clear()
    _ours.memory_threads.clear()
    ended = [thread.stop(timeout_s) for thread in threads]  # each is told, whether another ended or not
    return all(ended)


def wake(files: KeeperFiles) -> None:
    """End the keeper's wait. Never raises, never waits.

    Args:
        files: of the database; finding them costs as much as a failing call.
    """
    bell = _ours.bells.get(files.db)
    if bell is None:
        bell = _ours.bells[files.db] = Doorbell(files.bell)
    bell.ring()


def _ensured(files: KeeperFiles, options: Options) -> Kept:
    lock = Lock(files)
    if not lock.is_free():
        holder = lock.holder()
        # The entry of a dead holder stays until the next, which already has the lock, has written its own.
        if holder is not None and is_older(holder.version, VERSION) and holder.identity.is_alive():
            ask_to_leave(files, holder.identity)
        _ours.starts.pop(files.db, None)
        return Kept("thread" if holder is not None and holder.role == "thread" else "process")
    if options.writer == "thread":
        return _as_thread(files, options, lock, None)
    now = monotonic()
    if now - _ours.started_at.get(files.db, -_STARTING_S) < _STARTING_S:
        return Kept("process")
    try:
        if _ours.starts.get(files.db, 0) >= _MOST_STARTS:
            raise CannotStart(f"started keepers exited immediately (see {files.log})")
        launch(files, options)
    except CannotStart as error:
        return _as_thread(files, options, lock, str(error))
    _ours.started_at[files.db] = now
    _ours.starts[files.db] = _ours.starts.get(files.db, 0) + 1
    return Kept("process")


def _as_thread(files: KeeperFiles, options: Options, lock: Lock, reason: str | None) -> Kept:
    if reason is not None and options.writer == "process":
        return _nobody(files, reason)
    if not lock.take("thread", VERSION):
        return Kept("process")  # another process was faster
    if reason is not None:
        _say(files, "A thread of this program stores its calls, because no keeper process can: %s.", reason)
    return _started(files, options, lock, reason)


def _alone(files: KeeperFiles, options: Options, reason: str) -> Kept:
    """If locks are not supported, each program stores its own records, and nothing of others."""
    if options.writer == "process":
        return _nobody(files, reason)
    _say(files, "A thread of this program stores its calls, because %s.", reason)
    return _started(files, options._replace(own_only=True), Unlocked(files), reason)


def _started(files: KeeperFiles, options: Options, lock: Lock, reason: str | None, memory: Ring | None = None) -> Kept:
    try:
        thread = KeeperThread(files, lock, _work(files, options, memory))
        thread.start()
    except BaseException as error:
        lock.release()
        if not isinstance(error, Exception):  # a signal handler's
            raise
        return _nobody(files, f"a thread for that cannot be started ({error})")
    if memory is None:
        _ours.threads[files.db] = thread
    else:
        _ours.memory_threads.append(thread)
    return Kept("thread", reason)


def _nobody(files: KeeperFiles, reason: str) -> Kept:
    _say(files, "Calls are recorded but not stored: %s. Run `obsv keeper`, or set OBSV_WRITER=auto.", reason)
    return Kept("nobody", reason)


def _work(files: KeeperFiles, options: Options, memory: Ring | None) -> Callable[[], Work]:
    """Load what the thread needs before there is a thread, and return what makes its work.

    A program without a keeper thread does not load the keeper's modules (SQLite, the rows). The thread itself imports
    nothing: an import that goes on while gevent or eventlet replaces `_thread.get_ident` releases its lock as another
    thread than the one that took it, and one that goes on at a fork leaves its lock taken in the child for ever.
    """
    from obsv.keeper.work import DatabaseWork

    return lambda: DatabaseWork(files, options, memory=memory)


def _say(files: KeeperFiles, message: str, *args: object) -> None:
    if files.db not in _ours.told:
        _ours.told.add(files.db)
        logger.warning(message, *args)


def forget_all() -> None:
    """Start again, as required in the child of a fork: it has no threads of its parent, and must not keep its locks."""
    global _ours
    for thread in _ours.threads.values():
        thread.lock.forget()
    _ours = _Ours()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_all)
