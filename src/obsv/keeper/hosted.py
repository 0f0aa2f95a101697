"""The keeper inside a server: while `obsv serve` runs it stores what programs record, with the writer it has anyway."""

from __future__ import annotations

import logging
import os
import threading

from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import ask_to_leave, forget_request, is_older
from obsv.keeper.lock import Lock, LockUnsupported
from obsv.keeper.loop import Leaving, Loop
from obsv.keeper.options import Options
from obsv.keeper.work import DatabaseWork
from obsv.semconv import VERSION
from obsv.store import Writer

logger = logging.getLogger("obsv")

# Between two looks whether the database is kept by others, and whether there is one.
_LOOK_S = 0.5
# Who was asked to leave by a newer version gives it time to begin.
_AFTER_LEAVING_S = 5.0
_STOP_S = 10.0


class HostedKeeper:
    """A thread that keeps a database whenever nobody does who was meant to.

    A keeper that a program started, as a process or a thread of its own, is asked to make room.

    Args:
        db: path of the database.
        options: how it is kept.
        writer: of the server, which other threads of it use too.
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
        """Store what can be stored at once, and end; does nothing to one that was not started."""
        self._stopping.set()
        self._leaving.tell("the server stops")
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
                logger.debug("The server keeps nothing: %s", error)
                pause_s = _AFTER_LEAVING_S
            except Exception:
                logger.exception("The server's keeper stumbled, and begins anew.")
                pause_s = _AFTER_LEAVING_S

    def _is_there(self) -> bool:
        return os.path.exists(self._files.rings) or os.path.exists(self._files.db)

    def _keep(self) -> bool:
        """Keep the database until there is a reason to leave; False where another does."""
        self._files.make()
        lock = Lock(self._files)
        if not lock.take("serve", VERSION):
            holder = lock.holder()
            if holder is not None and holder.role in ("process", "thread") and not is_older(VERSION, holder.version):
                ask_to_leave(self._files)
            return False
        try:
            forget_request(self._files)
            self._leaving = Leaving()
            if not self._stopping.is_set():
                loop = Loop(self._files, lock, self._leaving, None)
                loop.run(DatabaseWork(self._files, self._options, writer=self._writer))
        finally:
            lock.release()
        return True
