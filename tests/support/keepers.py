"""Waiting for keepers, which are processes of their own."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock
from obsv.keeper.looking import pending
from obsv.record.reader import RingReader

PATIENCE_S = 240.0


def eventually(is_so: Callable[[], object]) -> None:
    """Wait until something is so; fail when it does not come to be."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def keeper_pid(files: KeeperFiles) -> int:
    """The process that keeps a database, once one does and has said so."""
    eventually(lambda: not Lock(files).is_free() and _living(files))
    pid = _living(files)
    assert pid is not None
    return pid


def _living(files: KeeperFiles) -> int | None:
    holder = Lock(files).holder()
    return None if holder is None or not holder.identity.is_alive() else holder.identity.pid


def settle(db: Path) -> None:
    """Wait until all that programs have recorded is stored; of those that have ended, to the end."""
    eventually(lambda: not any(_is_to_come(ring) for ring in _rings(db)) and not pending(db).calls)


def _rings(db: Path) -> list[Path]:
    try:
        names = os.listdir(KeeperFiles.of(db).rings)
    except FileNotFoundError:
        return []
    return [Path(KeeperFiles.of(db).rings) / name for name in names if not name.startswith("keeper.")]


def _is_to_come(ring: Path) -> bool:
    try:
        reader = RingReader.of_files(ring, writable=False)
    except FileNotFoundError:  # it is being made, or has just been removed
        return not ring.name.startswith(".") and ring.exists()
    try:
        return not reader.is_alive()
    finally:
        reader.close()


def end_keeper(files: KeeperFiles, number: int = signal.SIGKILL) -> None:
    """End the keeper process of a database, where there is one."""
    holder = Lock(files).holder()
    if holder is None or holder.role != "process" or holder.identity.pid == os.getpid():
        return
    if holder.identity.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder.identity.pid, number)
        eventually(lambda: not holder.identity.is_alive())


def end_keepers(directory: Path) -> None:
    """End the keeper processes of all databases below a directory."""
    for lock in directory.rglob("*.rings/keeper.lock"):
        end_keeper(KeeperFiles.of(str(lock.parent).removesuffix(".rings")))


def log_of(files: KeeperFiles) -> str:
    """Return the log of a keeper."""
    try:
        return Path(files.log).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
