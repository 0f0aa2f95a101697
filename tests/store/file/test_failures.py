"""A file that cannot be used: what is raised, what the message says, and that a later call works again."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_rows import call

from obsv.errors import ForeignFile, NewerSchema, StoreError, StoreUnavailable
from obsv.store import Reader, Writer
from obsv.store.file.migrations import APPLICATION_ID, SCHEMA_VERSION

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def impatient(path: Path) -> Iterator[Writer]:
    writer = Writer(path, busy_timeout_s=0.02)
    yield writer
    writer.close()


def other_database(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(sql)
    connection.close()


def test_file_of_another_program(path: Path, writer: Writer, reader: Reader) -> None:
    """A database that is not ours is told apart, left as it is, and the message says what to do."""
    other_database(path, "create table accounts(id)")
    before = path.read_bytes()
    with pytest.raises(ForeignFile, match="not an obsv database; move the file away, or set OBSV_DB"):
        writer.write([call(1)])
    with pytest.raises(ForeignFile):
        reader.query("select 1")
    assert path.read_bytes() == before


def test_file_that_is_no_database(path: Path, writer: Writer, reader: Reader) -> None:
    """Any other file is told apart too."""
    path.write_bytes(b"Dear diary, " * 1_000)
    for use in (lambda: writer.write([call(1)]), lambda: reader.query("select 1")):
        with pytest.raises(ForeignFile, match="not an obsv database"):
            use()


def test_corrupt_file(path: Path, writer: Writer) -> None:
    """A store whose pages are overwritten is put aside, whole, and not silently made anew."""
    writer.write([call(number) for number in range(1, 500)])
    writer.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 30)
    damaged = path.read_bytes()
    assert writer.write([call(1_000)]).inserted == 1
    (loss,) = writer.losses
    assert loss.put_aside is not None
    assert path.with_name(loss.put_aside).read_bytes() == damaged


def test_empty_file_becomes_a_store(path: Path, writer: Writer) -> None:
    """An empty file is as good as none."""
    path.touch()
    assert writer.write([call(1)]).inserted == 1


def test_file_of_a_newer_version(path: Path, writer: Writer, reader: Reader) -> None:
    """A newer schema is neither written nor read; the message says to upgrade."""
    other_database(path, f"pragma application_id = {APPLICATION_ID}; pragma user_version = {SCHEMA_VERSION + 1}")
    for use in (lambda: writer.write([call(1)]), lambda: reader.query("select 1")):
        with pytest.raises(NewerSchema, match=f"version {SCHEMA_VERSION + 1}.*upgrade obsv"):
            use()


def test_locked_file(path: Path, impatient: Writer, reader: Reader) -> None:
    """While another program holds the lock a write fails and nothing of it is stored; afterwards it works."""
    impatient.write([call(1)])
    locker = sqlite3.connect(path, isolation_level=None)
    locker.execute("begin immediate")
    with pytest.raises(StoreUnavailable, match="locked by another program"):
        impatient.write([call(2)])
    assert reader.query("select count(*) from span")[0][0] == 1
    locker.execute("rollback")
    locker.close()
    assert impatient.write([call(2)]).inserted == 1


def test_file_locked_from_the_start(path: Path, impatient: Writer) -> None:
    """A file that cannot even be opened for now is unavailable, not foreign."""
    other_database(path, "pragma journal_mode = delete")
    locker = sqlite3.connect(path, isolation_level=None)
    locker.execute("begin exclusive")
    with pytest.raises(StoreUnavailable, match="locked"):
        impatient.open()
    locker.execute("rollback")
    locker.close()
    impatient.open()


@pytest.mark.skipif(AS_ROOT, reason="root may write anywhere")
def test_read_only_directory(tmp_path: Path) -> None:
    """If nothing can be written, the message names the remedy."""
    directory = tmp_path / "closed"
    directory.mkdir()
    directory.chmod(0o500)
    with pytest.raises(StoreUnavailable, match=r"OBSV_DB|directory"):
        Writer(directory / "store.db").open()
    with pytest.raises(StoreUnavailable, match="OBSV_DB"):
        Writer(directory / "below" / "store.db").open()


def test_directory_that_is_a_file(tmp_path: Path) -> None:
    """A directory that cannot be made is unavailable."""
    (tmp_path / "logs").touch()
    with pytest.raises(StoreUnavailable, match="set OBSV_DB"):
        Writer(tmp_path / "logs" / "store.db").open()


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE")
def test_full_disk(path: Path, reader: Reader) -> None:
    """When the file cannot grow (RLIMIT_FSIZE: a real limit) the batch fails whole; with room it is stored."""
    program = """
        import resource, sys
        from obsv.errors import StoreUnavailable
        from obsv.store import Writer
        from store_rows import call
        writer = Writer(sys.argv[1])
        writer.write([call(1)])
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        batch = [call(number) for number in range(2, 5_000)]
        try:
            writer.write(batch)
        except StoreUnavailable as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        print(writer.write(batch))
    """
    support = Path(__file__).parents[1] / "support"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(support), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        capture_output=True, text=True, env=environment, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert "disk" in first
    assert second == "WriteResult(inserted=4998, duplicates=0)"
    assert reader.query("select count(*) from span")[0][0] == 4_999


def test_no_file_to_read(reader: Reader) -> None:
    """Reading what is not there says to record something first, and works once it is there."""
    with pytest.raises(StoreUnavailable, match="does not exist; record something first"):
        reader.query("select 1")
    writer = Writer(reader.path)
    writer.write([call(1)])
    assert reader.query("select count(*) from span")[0][0] == 1
    writer.close()


def test_deleted_file_is_made_anew(path: Path, writer: Writer, reader: Reader) -> None:
    """When somebody deletes the file under a running program, the next batch makes a new one."""
    writer.write([call(1)])
    assert reader.query("select count(*) from span")[0][0] == 1
    for file in path.parent.iterdir():
        file.unlink()
    writer.write([call(2)])
    assert [row[0] for row in reader.query("select span_id from process_trace")] == [f"{2:016x}"]


def test_nothing_else_is_raised(path: Path, writer: Writer) -> None:
    """Whatever SQLite says reaches callers as an error of obsv."""
    writer.open()
    other_database(path, "drop table variable")
    with pytest.raises(StoreError, match="variable"):
        writer.write([call(1)])
    assert writer.ring("x") is None
