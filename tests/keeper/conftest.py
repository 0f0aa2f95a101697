"""Keepers are real processes here: each test ends those of its databases."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from keepers import PATIENCE_S, eventually

from obsv.keeper import leave, presence
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock


@pytest.fixture
def files(tmp_path: Path) -> Iterator[KeeperFiles]:
    """The files of a database that nobody keeps yet."""
    files = KeeperFiles.of(tmp_path / "calls.db")
    files.make()
    yield files
    leave(PATIENCE_S)
    presence.forget_all()
    holder = Lock(files).holder()
    if holder is not None and holder.identity.pid != os.getpid() and holder.identity.is_alive():
        os.kill(holder.identity.pid, signal.SIGKILL)
        eventually(lambda: not holder.identity.is_alive())
