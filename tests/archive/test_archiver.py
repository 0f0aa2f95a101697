"""Calls are in the store, in the archive, or in both: never nowhere and never twice."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from archive_rows import BEGIN_NS, HOUR_NS, row

from obsv.archive import Archiver, Target, Targets, Window, open_target, thaw
from obsv.archive.parquet import read_rows
from obsv.errors import ConfigurationError, ForeignFile, StoreUnavailable
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.writing import ArchiveBook

Make = Callable[..., Archiver]
NOW_NS = BEGIN_NS + 24 * HOUR_NS
ALL = "select * from process_trace order by span_id, trace_id"
VALUES = "select * from data_trace order by span_id, trace_id, data"


def archive_all(archiver: Archiver, now_ns: int = NOW_NS) -> list[int]:
    """Steps until there is nothing to do; returns how many calls each part had."""
    parts = []
    while (part := archiver.step(now_ns)) is not None:
        parts.append(part.calls)
    return parts


def rows_of(db: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(open_store(db)) as store:
        return store.run_sql(sql).rows


def test_a_part_an_hour(archiving: Make, target: Target) -> None:
    """In the directories of their hours; the book and the manifests say what is in them."""
    assert archive_all(archiving(target)) == [30, 30, 30]
    names = sorted(target.names("calls/v1"))
    assert [name.split("/")[3] for name in names] == ["hour=14", "hour=15", "hour=16"]
    manifest = json.loads(target.get(min(target.names("_manifest"))) or b"")
    assert (manifest["calls"], manifest["errors"], manifest["first_id"], manifest["last_id"]) == (30, 3, 1, 30)
    assert archiving(target).verify() == (3, 90, [], [], [])


def test_what_is_hot_stays(archiving: Make, target: Target) -> None:
    """And goes later."""
    assert archive_all(archiving(target), BEGIN_NS + 3 * HOUR_NS + 1) == [30, 30]
    assert archive_all(archiving(target)) == [30]


def test_restored_calls_are_the_same(archiving: Make, target: Target, db: Path, tmp_path: Path) -> None:
    """In both views, and in what only the store knows."""
    archive_all(archiving(target))
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        assert thaw(book.parts(), Targets(target), writer) == 90
        assert thaw(book.parts(), Targets(target), writer) == 90  # nothing twice
    assert rows_of(tmp_path / "thawed.db", ALL) == rows_of(db, ALL)
    assert rows_of(tmp_path / "thawed.db", VALUES) == rows_of(db, VALUES)
    with closing(open_store(db)) as store, closing(open_store(tmp_path / "thawed.db")) as thawed:
        for number in (1, 10, 90):
            ids = f"{number % 7 + 1:032x}", f"{number:016x}"
            assert thawed.read_call(*ids)._replace(id=0) == store.read_call(*ids)._replace(id=0)


def test_figures_of_sampled_and_counted_calls_come_back(tmp_path: Path, target: Target) -> None:
    """A restored file counts as the one that was archived."""
    program = """
import obsv
obsv.configure(db=DB)
@obsv.monitor(sample_rate=0.2)
def sampled(): ...
@obsv.monitor(sample_rate=0.0)
def counted(): ...
for _ in range(500):
    sampled()
    counted()
obsv.force_flush(60)
""".replace("DB", repr(str(tmp_path / "obsv.db")))
    subprocess.run([sys.executable, "-c", program], check=True)
    with closing(ArchiveBook(tmp_path / "obsv.db")) as book, closing(open_store(tmp_path / "obsv.db")) as store:
        book.open(target.url, 0)
        archiver = Archiver(store, book, target, Window(1, None))
        assert archiver.step(time.time_ns() + 10**9, at_once=True) is not None
        with closing(Writer(tmp_path / "thawed.db")) as writer:
            thaw(book.parts(), Targets(target), writer)
    counts = "select name, sum(count), sum(unrecorded) from process_minute m"
    sums = f"{counts} join process p on p.id = m.process_id group by 1"
    assert rows_of(tmp_path / "thawed.db", sums) == rows_of(tmp_path / "obsv.db", sums)
    assert "counted', 1000" in str(rows_of(tmp_path / "obsv.db", sums))  # the minute, and since the file began


def test_a_range_of_time(archiving: Make, target: Target, db: Path, tmp_path: Path) -> None:
    """Only its calls, from the parts that have some."""
    archive_all(archiving(target))
    first, last = BEGIN_NS + HOUR_NS, BEGIN_NS + HOUR_NS + HOUR_NS // 2
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        parts = book.parts(first, last)
        assert len(parts) == 1
        assert thaw(parts, Targets(target), writer, first, last) == 15


def test_others_read_the_files(archiving: Make, target: Target) -> None:
    """Columns under the names of the view, a row a call."""
    archive_all(archiving(target))
    (name, *_) = sorted(target.names("calls/v1"))
    content = target.get(name) or b""
    rows = [each for batch in read_rows(content, ("process", "status", "data", "no_such_column")) for each in batch]
    assert rows[0] == ("shop.orders.place", "OK", '["1","\'Zoë\'","None"]', None)
    assert [status for _, status, _, _ in rows].count("ERR") == 3


def test_retention_waits_for_the_archive(archiving: Make, target: Target, db: Path) -> None:
    """Only archived calls are deleted by age."""
    archiver = archiving(target)
    assert archiver.step(BEGIN_NS + 2 * HOUR_NS + 1) is not None
    with closing(Writer(db)) as writer:
        while writer.retain(NOW_NS, max_age_ns=1).more:
            pass
        assert rows_of(db, "select count(*) from process_trace") == [(60,)]
        archive_all(archiver)
        while writer.retain(NOW_NS, max_age_ns=1).more:
            pass
    assert rows_of(db, "select count(*) from process_trace") == [(0,)]


def test_without_room_what_is_deleted_unarchived_is_counted(archiving: Make, target: Target, db: Path) -> None:
    """A size limit is kept, whatever waits."""
    archiver = archiving(target)
    archiver.step(BEGIN_NS + 2 * HOUR_NS + 1)
    with closing(Writer(db)) as writer, closing(ArchiveBook(db)) as book:
        for _ in range(50):
            writer.retain(NOW_NS, max_age_ns=None, max_bytes=4096)
        left = book.waiting()
    assert left.unarchived == 60 - left.calls > 0


def test_the_archive_forgets(archiving: Make, target: Target) -> None:
    """Parts all of whose calls are too old, with their manifests."""
    archive_all(archiving(target))
    late = archiving(target, keep_ns=10 * HOUR_NS)
    assert late.expire(BEGIN_NS + 11 * HOUR_NS) == 30
    assert late.verify() == (2, 60, [], [], [])
    assert len(list(target.names("_manifest"))) == 2


def without_addresses(db: Path) -> None:
    """Makes the catalog as an older version left it."""
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("update archive_part set url = ''")
        connection.commit()


class Meanwhile:
    """A target during whose next write something else happens."""

    def __init__(self, target: Target, action: Callable[[], object]) -> None:
        self._target, self._action = target, action
        self.url = target.url

    def put(self, name: str, content: bytes) -> bool:
        self._action()
        return self._target.put(name, content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


def test_off_between_two_parts(archiving: Make, target: Target, db: Path) -> None:
    """It stays off: a running archiver stops, and neither archives, merges nor deletes."""
    archiver = archiving(target, keep_ns=1)
    assert archiver.step(NOW_NS) is not None
    with closing(ArchiveBook(db)) as book:
        book.close_archive()
        assert archiver.step(NOW_NS) is None
        assert archiver.expire(NOW_NS) == archiver.compact(NOW_NS) == 0
        assert book.facts() is None
        assert len(book.parts()) == 1


@pytest.mark.parametrize("then", ["off", "elsewhere", "anew"])
def test_a_change_while_a_part_is_written(archiving: Make, target: Target, db: Path, then: str) -> None:
    """The part is not entered, although the watermark is the same."""
    book = ArchiveBook(db)

    def change() -> None:
        if then != "elsewhere":
            book.close_archive()
        if then != "off":
            book.open("file:///elsewhere" if then == "elsewhere" else target.url, 1)

    with closing(book):
        changed: Any = Meanwhile(target, change)
        assert archiving(changed).step(NOW_NS) is None
        assert book.parts() == []


def test_an_archiver_of_another_address_stops(archiving: Make, target: Target, db: Path) -> None:
    """It does not set its own again."""
    archiver = archiving(target)
    with closing(ArchiveBook(db)) as book:
        book.open("file:///elsewhere", 1)
        assert archiver.step(NOW_NS) is None
        assert (facts := book.facts()) is not None
        assert facts.url == "file:///elsewhere"


def test_parts_of_an_earlier_address_stay_there(archiving: Make, target: Target, db: Path, tmp_path: Path) -> None:
    """New ones go to the new address; all are verified and restored, and each expires where it is."""
    new = open_target(str(tmp_path / "new"))
    assert archiving(target).step(NOW_NS) is not None
    assert archive_all(archiving(new)) == [30, 30]
    assert [len(list(each.names("calls/v1"))) for each in (target, new)] == [1, 2]
    assert archiving(new).verify() == (3, 90, [], [], [])
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        assert [part.url for part in book.parts()] == [target.url, new.url, new.url]
        assert thaw(book.parts(), Targets(), writer) == 90
    assert archiving(new, keep_ns=1).expire(NOW_NS) == 90
    assert [list(each.names("")) for each in (target, new)] == [[], []]


def test_an_earlier_address_that_is_gone_delays_nothing(archiving: Make, target: Target, db: Path) -> None:
    """Its parts stay in the catalog."""
    archiving(target).step(NOW_NS)
    with closing(ArchiveBook(db)) as book:
        book.open("ftp://gone", 1, has_moved=True)
        archiver = archiving(target, keep_ns=1)
        assert archive_all(archiver) == [30, 30]
        assert archiver.expire(NOW_NS) == 60
        assert [part.url for part in book.parts()] == ["ftp://gone"]


def test_parts_without_an_address_must_be_found_first(archiving: Make, target: Target, db: Path) -> None:
    """Of an archive that was off when addresses were not kept."""
    archiving(target).step(NOW_NS)
    with closing(ArchiveBook(db)) as book:
        without_addresses(db)
        with pytest.raises(ConfigurationError, match="1 parts of an archive that is off"):
            book.open("file:///elsewhere", 1)
        assert book.open(target.url, 1, has_moved=True).url == target.url


def test_a_part_without_a_file_is_not_entered(archiving: Make, target: Target, db: Path) -> None:
    """The target says that the name exists, and then has nothing there."""

    class Empty:
        url = target.url

        def put(self, name: str, content: bytes) -> bool:
            return False

        def __getattr__(self, name: str) -> Any:
            return getattr(target, name)

    empty: Any = Empty()
    with pytest.raises(StoreUnavailable, match="is gone"):
        archiving(empty).step(NOW_NS)
    with closing(ArchiveBook(db)) as book:
        assert book.parts() == []


def test_damage_is_found(archiving: Make, target: Target, tmp_path: Path, db: Path) -> None:
    """A missing part, a flipped bit, a file of a writer that died."""
    archive_all(archiving(target))
    first, second, third = sorted(target.names("calls/v1"))
    (tmp_path / "archive" / first).unlink()
    content = bytearray(target.get(second) or b"")
    content[100] ^= 1
    (tmp_path / "archive" / second).write_bytes(content)
    stray = third.replace("-61-", "-77-")
    target.put(stray, b"x")
    found = archiving(target).verify()
    assert found == (1, 30, [first], [second], [stray])
    assert not found.is_whole
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        parts = book.parts()
        with pytest.raises(ForeignFile, match="missing"):
            thaw(parts, Targets(target), writer)
        with pytest.raises(ForeignFile, match="is damaged"):
            thaw(parts[1:], Targets(target), writer)


class Failing:
    """A target that fails at some of its calls, before or after it did them."""

    def __init__(self, target: Target, fails: Iterator[str]) -> None:
        self._target, self._fails = target, fails
        self.url = target.url

    def put(self, name: str, content: bytes) -> bool:
        return self._do(lambda: self._target.put(name, content))

    def get(self, name: str) -> bytes | None:
        return self._do(lambda: self._target.get(name))

    def names(self, prefix: str) -> Iterator[str]:
        return self._do(lambda: iter(list(self._target.names(prefix))))

    def delete(self, name: str) -> None:
        self._do(lambda: self._target.delete(name))

    def _do(self, action: Callable[[], object]) -> object:
        how = next(self._fails)
        if how == "before":
            raise StoreUnavailable("away")
        done = action()
        if how == "after":
            raise StoreUnavailable("away")
        return done


@pytest.mark.parametrize("seed", range(8))
def test_a_target_that_fails_at_any_step(archiving: Make, target: Target, db: Path, tmp_path: Path, seed: int) -> None:
    """Whatever fails, and however often: in the end each call is in one part, and nothing else is there."""
    rng = random.Random(seed)
    fails = iter(lambda: rng.choices(("no", "before", "after"), (6, 1, 1))[0], "")
    now_ns = BEGIN_NS + HOUR_NS
    while now_ns < NOW_NS:
        with suppress(StoreUnavailable):
            archiving(Failing(target, fails)).step(now_ns, at_once=True)  # type: ignore[arg-type]
        now_ns += rng.randrange(HOUR_NS // 3)
    archive_all(archiving(target))
    found = archiving(target).verify()
    assert (found.calls, found.missing, found.damaged) == (90, [], [])
    with closing(ArchiveBook(db)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        assert thaw(book.parts(), Targets(target), writer) == 90
    assert rows_of(tmp_path / "thawed.db", ALL) == rows_of(db, ALL)


@pytest.fixture
def recent(tmp_path: Path) -> Path:
    """A store of calls that an archive keeps: of three hours, twenty hours ago."""
    begin_ns = (time.time_ns() // HOUR_NS - 20) * HOUR_NS
    with closing(Writer(tmp_path / "recent.db")) as writer:
        for hour in range(3):
            first = 1_000 * hour
            writer.write([row(first + each, 60 * hour + 0.01 * each, begin_ns) for each in range(1, 1_001)])
    return tmp_path / "recent.db"


def test_kill_9_at_any_moment(recent: Path, target: Target, tmp_path: Path) -> None:
    """The command is killed again and again while it archives and retention deletes behind it."""
    with closing(ArchiveBook(recent)) as book:
        book.open(target.url, 0)
    expected = rows_of(recent, ALL)
    rng = random.Random(1)
    command = _command(recent, target)
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2, 2))  # anywhere in its work, or before it
        process.kill()
        process.wait()
        with closing(Writer(recent)) as writer:
            writer.retain(time.time_ns(), max_age_ns=1)
    subprocess.run(command, check=True, capture_output=True)
    with closing(ArchiveBook(recent)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        parts = book.parts()
        assert sum(part.calls for part in parts) == 3_000  # merged, if their day is over
        thaw(parts, Targets(target), writer)
    assert rows_of(tmp_path / "thawed.db", ALL) == expected


def test_two_archivers_at_once(recent: Path, target: Target) -> None:
    """Each part is entered by one of them."""
    command = _command(recent, target)
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    with closing(ArchiveBook(recent)) as book:
        assert sum(part.calls for part in book.parts()) == 3_000  # merged, if their day is over


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_files_are_private(archiving: Make, target: Target, tmp_path: Path) -> None:
    """Values are in them."""
    archive_all(archiving(target))
    for path in [tmp_path / "archive", *(tmp_path / "archive").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def _command(db: Path, target: Target) -> list[str]:
    return [sys.executable, "-m", "obsv", "archive", "now", "--db", str(db), "--to", target.url, "--older-than", "1s"]
