"""Keepers are real processes here: each test ends those of its databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from keepers import PATIENCE_S, end_keeper

from obsv.keeper import leave, presence
from obsv.keeper.files import KeeperFiles


@pytest.fixture
def files(tmp_path: Path) -> Iterator[KeeperFiles]:
    """The files of a database that nobody keeps yet."""
    files = KeeperFiles.of(tmp_path / "calls.db")
    files.make()
    yield files
    leave(PATIENCE_S)
    presence.forget_all()
    end_keeper(files)
