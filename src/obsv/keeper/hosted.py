"""The keeper inside a server: while `obsv serve` runs, it stores what programs record, with its existing writer."""

from __future__ import annotations

import logging
import os
import threading

from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import ask_to_leave, is_older
from obsv.keeper.lock import Lock, LockUnsupported
from obsv.keeper.loop import Leaving, Loop
from obsv.keeper.options import Options
from obsv.keeper.work import DatabaseWork
from obsv.semconv import VERSION
from obsv.store import Writer

logger = logging.getLogger("obsv")

# Interval of the checks whether others keep the database, and whether it exists.
_LOOK_S = 0.5
# A keeper that was asked to leave by a newer version gives it time to start.
_AFTER_LEAVING_S = 5.0
_STOP_S = 10.0


class HostedKeeper:
    """A thread that keeps a database whenever there is no other keeper.

    A keeper that a program started, as a process or thread, is asked to leave.

    Args:
        db: path of the database.
        options: settings of the keeper.
        writer: writer of the server, which its other threads use too.
    """

    def __init__(self, db: str | os.PathLike[str], options: Options, writer: Writer) -> None:
        self._files, self._options, self._writer = KeeperFiles.of(db), options, writer
        self._stopping = threading.Event()
        self._leaving = Leaving()
        self._thread = threading.Thread(target=self._run, name="obsv-keeper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Store what can be stored at once, and end; does nothing if it was not started."""
        self._stopping.set()
        self._leaving.tell("the server is stopping")
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            pause_s = _LOOK_S
            try:
                if self._is_there() and self._keep():
                    pause_s = _AFTER_LEAVING_S
            except (LockUnsupported, OSError) as error:
                logger.debug("The server does not act as a keeper: %s", error)
                pause_s = _AFTER_LEAVING_S
            except Exception:
                logger.exception("The server's keeper failed unexpectedly and restarts.")
                pause_s = _AFTER_LEAVING_S

    def _is_there(self) -> bool:
        return os.path.exists(self._files.rings) or os.path.exists(self._files.db)

    def _keep(self) -> bool:
        """Keep the database until there is a reason to leave; return False if another process keeps it."""
        self._files.make()
        lock = Lock(self._files)
        if not lock.take("serve", VERSION):
            holder = lock.holder()
            if holder is not None and holder.role in ("process", "thread") and not is_older(VERSION, holder.version):
                ask_to_leave(self._files, holder.identity)
            return False
        try:
            self._leaving = Leaving()
            if not self._stopping.is_set():
                loop = Loop(self._files, lock, self._leaving, None)
                loop.run(DatabaseWork(self._files, self._options, writer=self._writer))
        finally:
            lock.release()
        return True
