"""Permissions of a store's files."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest
from store_rows import call

from obsv.privacy import chosen_mode, create_private
from obsv.store import Reader, Writer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")


@pytest.fixture(autouse=True)
def usual_umask() -> object:
    old = os.umask(0o022)
    yield
    os.umask(old)


def modes(path: Path) -> dict[str, int]:
    return {file.name.removeprefix(path.name): stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}


def test_a_new_store_is_private(path: Path, writer: Writer) -> None:
    """The database, its log and its shared memory, whatever the umask lets others do."""
    writer.write([call(1)])
    assert modes(path) == {"": 0o600, "-wal": 0o600, "-shm": 0o600}


def test_a_store_that_others_could_read_is_made_private(path: Path, writer: Writer) -> None:
    """With the files that another program left beside it."""
    writer.write([call(1)])
    for file in path.parent.iterdir():
        file.chmod(0o644)
    other = Writer(path)
    other.write([call(2)])
    assert modes(path) == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
    other.close()


def test_a_group_may_be_let_in(path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice is kept in the store: a program that knows nothing of it does not shut the group out again."""
    writer.write([call(1)])
    writer.close()
    monkeypatch.setenv("OBSV_FILE_MODE", "640")
    writer.write([call(2)])
    assert set(modes(path).values()) == {0o640}
    writer.close()
    monkeypatch.delenv("OBSV_FILE_MODE")
    writer.write([call(3)])
    assert set(modes(path).values()) == {0o640}
    monkeypatch.setenv("OBSV_FILE_MODE", "0600")
    writer.close()
    writer.write([call(4)])
    assert set(modes(path).values()) == {0o600}


@pytest.mark.parametrize("text", ["644", "666", "777", "rw-r-----", "-1", "1e3"])
def test_a_mode_for_everybody_is_not_taken(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, and the file stays private."""
    assert chosen_mode({"OBSV_FILE_MODE": text}) is None
    assert text in caplog.text
    assert chosen_mode({"OBSV_FILE_MODE": " "}) is None


def test_a_file_of_another_program_keeps_its_permissions(path: Path, writer: Writer) -> None:
    """It is left as it is."""
    connection = sqlite3.connect(path)
    connection.execute("create table theirs(x)")
    connection.close()
    path.chmod(0o644)
    with pytest.raises(Exception, match="not an obsv database"):
        writer.open()
    assert modes(path)[""] == 0o644


def test_reading_changes_nothing(path: Path, writer: Writer, reader: Reader) -> None:
    """A reader may not even be the owner."""
    writer.write([call(1)])
    path.chmod(0o644)
    assert reader.query("select count(*) from span")[0][0] == 1
    assert modes(path)[""] == 0o644


def test_what_is_written_out_is_private(tmp_path: Path) -> None:
    """Into a new file and into one that was there; what is no file keeps its permissions."""
    old = tmp_path / "old"
    old.write_text("something long")
    for file in (old, tmp_path / "new"):
        with open(create_private(file), "w") as output:
            output.write("x")
        assert (stat.S_IMODE(file.stat().st_mode), file.read_text()) == (0o600, "x")
    before = os.stat("/dev/null").st_mode
    os.close(create_private(Path("/dev/null")))
    assert os.stat("/dev/null").st_mode == before
