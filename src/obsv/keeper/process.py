"""The keeper as a separate process: discards everything it inherited, then keeps the database."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from obsv.keeper.alerting import Alerting
from obsv.keeper.errands import Errands
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock, Role
from obsv.keeper.log import BoundedLog
from obsv.keeper.loop import Leaving, Loop, Work
from obsv.keeper.options import Options
from obsv.keeper.work import DatabaseWork
from obsv.own_time import monotonic
from obsv.semconv import VERSION

logger = logging.getLogger("obsv")

# A process that checks whether the lock is free holds it for some microseconds.
_LOCK_S = 1.0
_MOST_DESCRIPTORS = 65_536
_UMASK = 0o077


def main(db: str, told: str) -> None:
    """Keep a database until no program records; the main function of a started process.

    Args:
        db: path of the database.
        told: `Options` as text.
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
        logger.exception("The keeper failed unexpectedly and exits. The next recording program starts another.")
    os._exit(0)  # nothing is open any more, and nobody should wait for the interpreter's end


def keep(files: KeeperFiles, options: Options, role: Role, make_work: Callable[[], Work] | None = None) -> bool:
    """Keep a database in this process, until there is a reason to leave.

    Args:
        files: files of the database.
        options: options of the keeper.
        role: "process" ends when no program records, others stay.
        make_work: creates the work; by default, everything that a database needs.

    Returns:
        False if another keeper has it.

    Raises:
        LockUnsupported, OSError: locks are not possible.
    """
    files.make()
    lock = Lock(files)
    if not taken(lock, role, _LOCK_S):
        return False
    leaving = Leaving()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.tell("a signal was received"))
    logger.info("obsv %s keeps %s.", VERSION, files.db)
    alerting = Alerting(Path(files.db), options)
    alerting.start()
    errands = Errands(files.db)
    errands.start()
    try:
        loop = Loop(files, lock, leaving, options.idle_s if role == "process" else None)
        loop.run(make_work() if make_work else DatabaseWork(files, options))
    finally:
        errands.stop()
        alerting.stop()
        lock.release()
        logger.info("Ended: %s.", leaving.reason or "stumbled")
    return True


def drain(files: KeeperFiles, options: Options) -> bool:
    """Store what is there now, and return.

    Returns:
        False if another keeper has the database.

    Raises:
        LockUnsupported, OSError: locks are not possible.
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
    """Return whether the lock could be acquired; a process that only checks it releases it in the meantime."""
    deadline = monotonic() + patience_s
    while not lock.take(role, VERSION):
        if monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def rename(title: str) -> None:
    """Set the title shown by `ps`; if the system does not allow it, the arguments say the same."""
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
