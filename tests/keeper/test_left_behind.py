"""Files of versions before the keeper: their calls are stored, once."""

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from obsv.errors import StoreError
from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
from obsv.keeper.left_behind import HEADER, MARKER, LeftBehind
from obsv.keeper.work import DatabaseWork
from obsv.store import Writer

# Written by a version of that kind: 20 calls of price("tea", n, color="green"), of which each fifth fails, and a span.
DATA = Path(__file__).parent / "data"


@pytest.fixture
def left(files: KeeperFiles) -> list[Path]:
    """Return the file left by such a version."""
    found = [Path(f"{files.db}.7-0a-1.errors.spill"), Path(f"{files.db}.7-0a-2.spill")]
    for path, name in zip(found, ("errors", "successes"), strict=True):
        shutil.copy(DATA / f"{name}.spill", path)
    return found


@pytest.fixture
def writer(files: KeeperFiles) -> Iterator[Writer]:
    writer = Writer(files.db)
    yield writer
    writer.close()


def counted(files: KeeperFiles) -> list[tuple[str, str, int]]:
    """Calls by name and status."""
    connection = sqlite3.connect(files.db)
    sql = "select process, status, count(*) from process_trace group by 1, 2 order by 1, 2"
    found = [(name.rpartition(".")[2], status, count) for name, status, count in connection.execute(sql)]
    connection.close()
    return found


WHOLE = [("GET /", "OK", 1), ("price", "ERR", 4), ("price", "OK", 16)]


def test_a_keeper_stores_what_was_left(files: KeeperFiles, left: list[Path]) -> None:
    """With values and exceptions; the files are gone then."""
    work = DatabaseWork(files, Options())
    while work.step():
        pass
    work.close()
    assert counted(files) == WHOLE
    assert not any(path.exists() for path in left)
    connection = sqlite3.connect(files.db)
    values = connection.execute(
        "select data, data_value from data_trace where process like '%price' and status = 'OK' "
        "order by ts, data limit 4"
    ).fetchall()
    (exception,) = connection.execute("select exception from process_trace where status = 'ERR'").fetchone()
    connection.close()
    assert values == [("color", "'green'"), ("count", "1"), ("item", "'tea'"), ("return", "{'total': 2}")]
    assert exception.endswith("ValueError: no 0\n")


def test_what_was_stored_before_the_keeper_died_is_stored_once(
    files: KeeperFiles, left: list[Path], writer: Writer
) -> None:
    """A file is removed after its calls are committed; they are known when it is read again."""
    for _ in range(2):
        behind = LeftBehind(files.db, writer)
        while behind.step():
            pass
        assert counted(files) == WHOLE
        for path, name in zip(left, ("errors", "successes"), strict=True):
            shutil.copy(DATA / f"{name}.spill", path)


def test_a_locked_database_is_tried_again(files: KeeperFiles, left: list[Path]) -> None:
    """The files stay until their calls are stored."""
    writer = Writer(files.db, busy_timeout_s=0)
    writer.open()
    locker = sqlite3.connect(files.db, isolation_level=None)
    locker.execute("begin immediate")
    behind = LeftBehind(files.db, writer)
    with pytest.raises(StoreError):
        behind.step()
    assert all(path.exists() for path in left)
    locker.execute("rollback")
    while behind.step():
        pass
    assert counted(files) == WHOLE
    writer.close()
    locker.close()


def test_a_file_that_is_in_use_is_left_to_its_owner(files: KeeperFiles, left: list[Path], writer: Writer) -> None:
    """A program of an older version runs beside the keeper."""
    with left[1].open("rb") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        behind = LeftBehind(files.db, writer)
        while behind.step():
            pass
        assert counted(files) == [("price", "ERR", 4)]
        assert [path.exists() for path in left] == [False, True]


@pytest.mark.parametrize(
    "content",
    [
        b"something else altogether, which is long enough",
        HEADER.pack(b"OBSVSPIL", 2, 0, 0, 0, 24),
        HEADER.pack(b"OBSVSPIL", 1, 0, 0, 0, 2**63) + MARKER,
    ],
    ids=["no such file", "another version", "a position beyond its end"],
)
def test_what_cannot_be_read_stops_nobody(files: KeeperFiles, left: list[Path], writer: Writer, content: bytes) -> None:
    """Whatever stands there, the other files are stored."""
    left[0].write_bytes(content)
    behind = LeftBehind(files.db, writer)
    while behind.step():
        pass
    assert counted(files) == [("GET /", "OK", 1), ("price", "OK", 16)]


def test_a_link_is_not_followed(files: KeeperFiles, left: list[Path], writer: Writer, tmp_path: Path) -> None:
    """Whoever may put a file there may not have another one read or deleted."""
    elsewhere = tmp_path / "elsewhere"
    left[0].rename(elsewhere)
    left[0].symlink_to(elsewhere)
    behind = LeftBehind(files.db, writer)
    while behind.step():
        pass
    assert elsewhere.exists()
    assert counted(files) == [("GET /", "OK", 1), ("price", "OK", 16)]


def test_a_torn_record_costs_only_itself(files: KeeperFiles, left: list[Path], writer: Writer) -> None:
    """Reading goes on at the next marker."""
    data = left[0].read_bytes()
    left[0].write_bytes(data[: HEADER.size] + MARKER + b"torn" + data[HEADER.size :])
    behind = LeftBehind(files.db, writer)
    while behind.step():
        pass
    assert counted(files) == WHOLE
