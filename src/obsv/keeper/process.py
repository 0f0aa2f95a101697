"""The keeper as a process of its own: leaves everything behind that it was started with, then keeps the database."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from obsv.keeper.alerting import Alerting
from obsv.keeper.files import KeeperFiles
from obsv.keeper.handover import forget_request
from obsv.keeper.lock import Lock, Role
from obsv.keeper.log import BoundedLog
from obsv.keeper.loop import Leaving, Loop, Work
from obsv.keeper.options import Options
from obsv.keeper.work import DatabaseWork
from obsv.own_time import monotonic
from obsv.semconv import VERSION

logger = logging.getLogger("obsv")

# Whoever asks whether the lock is free holds it for some microseconds.
_LOCK_S = 1.0
_MOST_DESCRIPTORS = 65_536
_UMASK = 0o077


def main(db: str, told: str) -> None:
    """Keep a database until nobody records any more; what a started process runs.

    Args:
        db: path of the database.
        told: the text of `Options`.
    """
    _leave_behind()
    files = KeeperFiles.of(db)
    files.make()
    logger.addHandler(BoundedLog(files.log))
    logger.setLevel(logging.INFO)
    logger.propagate = False
    rename(f"obsv keeper {files.db}")
    try:
        keep(files, Options.of_text(told), "process")
    except Exception:
        logger.exception("The keeper stumbled, and ends. The next recording program starts another.")
    os._exit(0)  # nothing is open any more, and nobody shall wait for the interpreter's end


def keep(files: KeeperFiles, options: Options, role: Role, make_work: Callable[[], Work] | None = None) -> bool:
    """Keep a database in this process, until there is a reason to leave.

    Args:
        files: of the database.
        options: how it is kept.
        role: "process" ends when nobody records, others stay.
        make_work: makes what is done; by default all that a database needs.

    Returns:
        False where another keeper has it.

    Raises:
        LockUnsupported, OSError: there can be no lock.
    """
    files.make()
    lock = Lock(files)
    if not taken(lock, role, _LOCK_S):
        return False
    forget_request(files)
    leaving = Leaving()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.tell("told to by a signal"))
    logger.info("obsv %s keeps %s.", VERSION, files.db)
    alerting = Alerting(Path(files.db))
    alerting.start()
    try:
        loop = Loop(files, lock, leaving, options.idle_s if role == "process" else None)
        loop.run(make_work() if make_work else DatabaseWork(files, options))
    finally:
        alerting.stop()
        lock.release()
        logger.info("Ended: %s.", leaving.reason or "stumbled")
    return True


def drain(files: KeeperFiles, options: Options) -> bool:
    """Store what is there now, and end.

    Returns:
        False where another keeper has the database.

    Raises:
        LockUnsupported, OSError: there can be no lock.
    """
    lock = Lock(files)
    if not taken(lock, "service", _LOCK_S):
        return False
    try:
        work = DatabaseWork(files, options)
        while work.step():
            pass
        work.close()
    finally:
        lock.release()
    return True


def taken(lock: Lock, role: Role, patience_s: float) -> bool:
    """Whether the lock could be taken; who only asks for it goes away in the meantime."""
    deadline = monotonic() + patience_s
    while not lock.take(role, VERSION):
        if monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def rename(title: str) -> None:
    """Have `ps` show a title; where the system does not allow it, it shows the arguments, which say the same."""
    with contextlib.suppress(Exception):
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        text = os.fsencode(title)[: end - start - 1].replace(b" ", b"\0", 2)
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(text.ljust(end - start, b"\0"))
    with contextlib.suppress(Exception), open("/proc/self/comm", "w") as file:
        file.write("obsv keeper")


def _leave_behind() -> None:
    os.chdir("/")
    os.umask(_UMASK)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    try:
        open_ones = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        open_ones = list(range(_MOST_DESCRIPTORS))
    for descriptor in open_ones:
        if descriptor > 2:
            with contextlib.suppress(OSError):
                os.close(descriptor)
