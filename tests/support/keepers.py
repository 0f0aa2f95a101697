"""Waiting for keepers, which are processes of their own."""

import time
from collections.abc import Callable
from pathlib import Path

from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock

PATIENCE_S = 60.0


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


def log_of(files: KeeperFiles) -> str:
    """What a keeper has said so far."""
    try:
        return Path(files.log).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
