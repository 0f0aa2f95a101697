"""Files that are damaged or taken away while they are written to."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from store_rows import call

from obsv.store import Reader, Writer
from obsv.store.ground import HOUR_NS, Loss, RingProgress
from obsv.store.writing.aside import put_aside, remove_oldest
from obsv.store.writing.mark import Mark

PAGE = 8_192


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def rows(count: int, first: int = 1) -> list[object]:
    return [
        call(number, status=2 if number % 10 == 0 else 1, trace_id=(number // 20 + 1).to_bytes(16, "big"))
        for number in range(first, first + count)
    ]


def cut(path: Path, size: int = 0) -> None:
    os.truncate(path, size)


def overwrite(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(random.Random(page).randbytes(PAGE))


def replace(path: Path) -> None:
    other = Writer(beside(path, ".other"))
    other.open()
    other.close()
    os.replace(other.path, path)


def copy_and_cut(path: Path) -> None:
    shutil.copy(path, beside(path, ".1"))
    cut(path)


def remove_all(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        beside(path, suffix).unlink()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "> obsv.db": cut,
    "copytruncate": copy_and_cut,
    "half of the file": lambda path: cut(path, path.stat().st_size // 2),
    "a page": lambda path: overwrite(path, path.stat().st_size // PAGE // 2),
    "the log emptied": lambda path: cut(beside(path, "-wal")),
    "half of the log": lambda path: cut(beside(path, "-wal"), beside(path, "-wal").stat().st_size // 2),
    "removed": Path.unlink,
    "removed with its log": remove_all,
    "another in its place": replace,
}


@pytest.fixture
def uncopied(writer: Writer) -> Writer:
    """A writer whose latest calls stand in the log, and those before in the file."""
    writer.write(rows(5_000))
    writer.close()
    writer.write(rows(200, 5_001))
    return writer


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_noticed_by_the_next_batch(
    uncopied: Writer, path: Path, reader: Reader, damage: Callable[[Path], None]
) -> None:
    """The batch is stored in a new file, which says how many calls the one before held."""
    damage(path)
    assert uncopied.write(rows(30, 11_001)).inserted == 30
    (loss,) = uncopied.losses
    assert (loss.calls, loss.errors) == (5_200, 520)
    assert tuple(reader.query("select calls, errors from loss")[0]) == (5_200, 520)
    assert reader.query("select count(*) from process_trace")[0][0] == 30
    assert reader.query("pragma integrity_check")[0][0] == "ok"


def test_damaged_file_is_put_aside_whole(uncopied: Writer, path: Path) -> None:
    """It stands beside the new one, under a name with the time, with its log."""
    log = beside(path, "-wal").read_bytes()
    cut(path)
    uncopied.write(rows(1, 11_001))
    (name,) = (loss.put_aside for loss in uncopied.losses)
    assert name is not None
    assert name.startswith(f"{path.name}.damaged-2")
    aside = path.with_name(name)
    assert aside.stat().st_size == 0
    assert beside(aside, "-wal").read_bytes() == log
    assert aside.stat().st_mode & 0o777 == 0o600


def test_report_notices_too(uncopied: Writer, path: Path) -> None:
    """Whatever is done next with the file, if only to see what its limits are."""
    cut(path)
    uncopied.limits()
    assert len(uncopied.losses) == 1


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_log_that_was_removed_is_saved(uncopied: Writer, path: Path, reader: Reader, suffix: str) -> None:
    """Its writer has it still, and copies it into the file: nothing is lost."""
    beside(path, suffix).unlink()
    assert uncopied.write(rows(30, 11_001)).inserted == 30
    assert uncopied.losses == []
    assert reader.query("select count(*) from process_trace")[0][0] == 5_230


def test_what_is_no_damage_costs_nothing(uncopied: Writer, path: Path, reader: Reader) -> None:
    """A file that was touched, copied or written by another program stays where it is."""
    os.utime(path)
    uncopied.write(rows(10, 11_001))
    shutil.copy(path, beside(path, ".copy"))
    other = Writer(path)
    other.write(rows(10, 12_001))
    other.close()
    uncopied.write(rows(10, 13_001))
    assert uncopied.losses == []
    assert reader.query("select count(*) from process_trace")[0][0] == 5_230


def test_damage_in_the_middle_of_a_write(uncopied: Writer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls written into a file that was truncated meanwhile are written again, and not counted as lost."""
    before = Mark.of

    def cut_once(file: Path) -> Mark:
        calls.append(None)
        if len(calls) == 2:  # the look after the write
            cut(path)
        return before(file)

    calls: list[None] = []
    monkeypatch.setattr(Mark, "of", staticmethod(cut_once))
    assert uncopied.write(rows(30, 11_001)).inserted == 30
    assert [loss.calls for loss in uncopied.losses] == [5_200]


def test_all_losses_are_kept(writer: Writer, path: Path, reader: Reader) -> None:
    """The next file says what the ones before it have lost."""
    for number in range(3):
        writer.write(rows(10 + number, 100 * number + 1))
        cut(path)
    writer.write(rows(1, 11_001))
    assert [row[0] for row in reader.query("select calls from loss order by id")] == [10, 11, 12]


def test_limits_and_progress_go_into_the_new_file(writer: Writer, path: Path) -> None:
    """They are those of the store: no default shortens it, and no record is stored twice."""
    writer.limit(max_age_ns=48 * HOUR_NS, max_bytes=10**9)
    ring = RingProgress("ring", 5, 6, 7, 8, 9, b"open")
    writer.write(rows(10), [ring])
    writer.write(rows(10, 11), [ring._replace(calls=50, open_at=None, open=None)])
    cut(path)
    writer.write(rows(1, 11_001))
    assert writer.limits()[:2] == (48 * HOUR_NS, 10**9)
    assert writer.ring("ring") == ring._replace(calls=50)


def test_calls_that_retention_deleted_are_not_lost(writer: Writer, path: Path) -> None:
    """Only calls in the file are counted."""
    writer.write(rows(100))
    while writer.retain(call(1).start_ns + 2 * HOUR_NS, max_age_ns=HOUR_NS).more:
        pass
    writer.write(rows(7, 11_001))
    cut(path)
    writer.write(rows(1, 12_001))
    assert [loss.calls for loss in writer.losses] == [7]


def test_two_writers_lose_a_file_once(writer: Writer, path: Path, reader: Reader) -> None:
    """The second writer finds the new file, and its record of the loss."""
    other = Writer(path)
    other.write(rows(100))
    writer.write(rows(50, 501))
    cut(path)
    other.write(rows(1, 11_001))
    writer.write(rows(1, 12_001))
    other.close()
    (loss,) = reader.query("select calls, put_aside from loss")
    assert loss["calls"] == 150
    assert loss["put_aside"] is not None
    assert reader.query("select count(*) from process_trace")[0][0] == 2
    assert len(list(path.parent.glob("*.damaged-*"))) in (1, 3)  # with or without its log


def test_damage_is_said(uncopied: Writer, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line says what happened, where the file is, and what was lost."""
    cut(path)
    with caplog.at_level(logging.WARNING, "obsv"):
        uncopied.write(rows(1, 11_001))
    (text,) = caplog.messages
    assert "was emptied" in text
    assert "5,200 calls (520 errors)" in text
    assert "damaged-" in text


def test_loss_that_cannot_be_written_is_said_later(
    uncopied: Writer, path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No new file can be made at first, as on a full disk: nothing is forgotten."""
    cut(path)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("obsv.store.writing.opened.open_writer", full)
        with pytest.raises(Exception, match="disk is full"):
            uncopied.write(rows(1, 11_001))
    uncopied.write(rows(1, 11_001))
    assert [row[0] for row in reader.query("select calls from loss")] == [5_200]


def test_every_call_is_accounted_for(writer: Writer, path: Path) -> None:
    """Whatever is damaged, time and again: what was written is in the file, or was counted as lost."""
    chance = random.Random(7)
    written = 0
    for number in range(60):
        size = chance.randrange(1, 150)
        written += writer.write(rows(size, 1_000 * number + 1)).inserted
        if chance.random() < 0.5:
            chance.choice(list(DAMAGES.values()))(path)
    written += writer.write(rows(1, 10**6)).inserted
    with sqlite3.connect(path) as connection:
        (kept,) = connection.execute("select count(*) from span").fetchone()
        (lost,) = connection.execute("select sum(calls) from loss").fetchone()
    assert kept + lost == written
    assert sum(loss.calls or 0 for loss in writer.losses) == lost


def test_a_loss_reads_well() -> None:
    """Also where nobody knows how much it was."""
    assert str(Loss(0, "it was emptied", None, None, None)).startswith(
        "the file was lost (it was emptied) with an unkn"
    )


def test_files_put_aside_are_bounded(path: Path) -> None:
    """Repeated damage does not fill the disk: the oldest files are deleted, each with its log."""
    path.parent.mkdir(exist_ok=True)
    for second in range(8):
        path.write_bytes(b"x")
        beside(path, "-wal").write_bytes(b"y")
        put_aside(path, None, second * 10**9)
    other = path.with_name("other.db.damaged-19700101-000000")
    other.write_bytes(b"z")
    assert remove_oldest(path) == 3
    left = sorted(each.name for each in path.parent.glob(f"{path.name}.damaged-*"))
    kept = [f"{path.name}.damaged-19700101-00000{second}" for second in range(3, 8)]
    assert left == sorted([*kept, *(f"{name}-wal" for name in kept)])
    assert other.exists()


def test_large_files_put_aside_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest stays, whatever its size."""
    monkeypatch.setattr("obsv.store.writing.aside.MOST_BYTES", 10)
    path.parent.mkdir(exist_ok=True)
    for second in range(3):
        path.write_bytes(b"x" * 11)
        put_aside(path, None, second * 10**9)
    assert remove_oldest(path) == 2
    assert [each.name[-1] for each in path.parent.glob(f"{path.name}.damaged-*")] == ["2"]
