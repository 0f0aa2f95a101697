"""The keeper as a thread of the program, if no process may be started."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable

from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock
from obsv.keeper.loop import Leaving, Loop, Work
from obsv.own_threads import allocate_lock, start_new_thread
from obsv.own_time import monotonic, sleep

logger = logging.getLogger("obsv")

_POLL_S = 0.002
# A process, or a system, whose descriptors are all in use: that passes.
NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
_AGAIN_S = 0.1


class KeeperThread:
    """One native thread, even if `threading` creates green ones.

    Args:
        files: files of the database.
        lock: held by this process; released when the thread ends.
        make_work: creates the work, on the thread.
    """

    def __init__(self, files: KeeperFiles, lock: Lock, make_work: Callable[[], Work]) -> None:
        self._files, self.lock, self._make_work = files, lock, make_work
        self._leaving = Leaving()
        # Held while the thread runs; an interpreter lock, which can be tested without waiting.
        self._running = allocate_lock()

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the system cannot start one, or the interpreter is shutting down.
        """
        self._running.acquire()
        try:
            start_new_thread(self._run, ())
        except BaseException:
            self._running.release()
            raise

    @property
    def is_running(self) -> bool:
        """Return whether the thread has not ended."""
        return bool(self._running.locked())

    def stop(self, timeout_s: float) -> bool:
        """Make it store what can be stored at once, and end.

        Returns:
            False if it did not end in time.
        """
        self._leaving.tell("the program is ending")
        deadline = monotonic() + timeout_s
        while self.is_running and monotonic() < deadline:
            time.sleep(_POLL_S)  # the program's own, so that a hub of green threads continues
        return not self.is_running

    def _run(self) -> None:
        try:
            work = self._made()
            if work is not None:
                Loop(self._files, self.lock, self._leaving, None).run(work)
        except BaseException as error:
            _say("Recording continues, but this process stores nothing, because its keeper thread ended (%s).", error)
        finally:
            self.lock.release()
            self._running.release()

    def _made(self) -> Work | None:
        """Make the work, as soon as there are descriptors for it; None when the program ends before."""
        is_told = False
        while self._leaving.reason is None:
            try:
                return self._make_work()
            except OSError as error:
                if error.errno not in NO_DESCRIPTORS:
                    raise
                if not is_told:
                    is_told = True
                    logger.warning("Calls are recorded, and stored later: %s", error)
                sleep(_AGAIN_S)
        return None


def _say(message: str, error: BaseException) -> None:
    try:
        logger.error(message, error, exc_info=not isinstance(error, OSError))
    except BaseException:  # the interpreter is ending
        os.getpid()
