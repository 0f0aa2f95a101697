"""Temporary stores hold recorded values: none outlives its process for long."""

import os
from pathlib import Path

import pytest

from obsv.temporary import make_temporary, remove_left_behind, remove_temporary


def test_those_of_dead_processes_are_removed(tmp_path: Path) -> None:
    """A process that was killed could not."""
    dead, living = tmp_path / "obsv-thawed-4194305-x", tmp_path / f"obsv-thawed-{os.getpid()}-x"
    dead.mkdir()
    living.mkdir()
    (dead / "cold.db").touch()
    for pid in ("\N{SUPERSCRIPT TWO}", "9" * 99, "-1", "", "0x1"):  # anybody can make such names there
        (tmp_path / f"obsv-thawed-{pid}-x").mkdir()
    remove_left_behind(tmp_path / "store.db")
    assert not dead.exists()
    assert living.exists()


def test_a_small_one_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process may have a directory of its own for temporary files: it stands beside the database."""
    db = tmp_path / "store.db"
    made = make_temporary(db, is_small=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    remove_temporary(tmp_path / "other.db")
    assert made.exists()
    remove_temporary(db)
    assert not made.exists()


def test_where_nothing_can_be_made_beside_the_database(tmp_path: Path) -> None:
    """It goes to the directory of temporary files."""
    made = make_temporary(tmp_path / "none" / "store.db", is_small=True)
    assert made.exists()
    remove_temporary(tmp_path / "none" / "store.db")
    assert not made.exists()
