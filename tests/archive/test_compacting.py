"""Small parts of past days become large ones; no call is lost, doubled or changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from archive_rows import BEGIN_NS, HOUR_NS, row

from obsv.archive import Archiver, Target, Targets, archive_due, thaw
from obsv.archive.compacting import groups
from obsv.archive.parquet import read_rows
from obsv.errors import StoreUnavailable
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.writing import LOGS, ArchiveBook, Part

Make = Callable[..., Archiver]
DAY_NS = 24 * HOUR_NS
LATER_NS = BEGIN_NS + 3 * DAY_NS
ALL = "select * from process_trace order by span_id, trace_id"


def part(number: int, day: int, size: int, kind: str = "calls") -> Part:
    name = f"{kind}/v1/date=2026-11-{day:02}/hour=01/s-{number}-{number}-x.parquet"
    return Part(name, number, number, 1, 0, number, number, size, "x", kind)


def names(found: list[list[Part]]) -> list[list[int]]:
    return [[each.first_id for each in group] for group in found]


def test_parts_of_a_day_are_merged_until_they_are_large() -> None:
    """Not across days or kinds, not the large ones, and not of a day that goes on."""
    parts = [part(1, 1, 10), part(2, 1, 10), part(3, 1, 15), part(4, 1, 10), part(5, 1, 40), part(6, 1, 1)]
    parts += [part(7, 2, 1), part(8, 2, 1), part(9, 3, 1), part(10, 3, 1), part(1, 1, 1, LOGS), part(2, 1, 1, LOGS)]
    third_ns = 1_793_664_000 * 10**9  # 2026-11-03
    assert names(groups(parts, third_ns, 30)) == [[1, 2, 3], [7, 8], [1, 2]]
    assert groups(parts, third_ns - 2 * DAY_NS, 30) == []


def archive_all(archiver: Archiver) -> None:
    while archiver.step(LATER_NS) is not None:
        pass


def restored(db: Path, target: Target, path: Path) -> list[Any]:
    with closing(ArchiveBook(db)) as book, closing(Writer(path)) as writer:
        thaw(book.parts(), Targets(target), writer)
    with closing(open_store(path)) as store:
        return store.run_sql(ALL).rows


def test_a_day_becomes_one_part(archiving: Make, target: Target, db: Path, tmp_path: Path) -> None:
    """With the same calls; the old files go after a while, and there is nothing left to merge."""
    archive_all(archiving(target))
    before = restored(db, target, tmp_path / "before.db")
    assert archiving(target).compact(LATER_NS) == 1
    with closing(ArchiveBook(db)) as book:
        (merged,) = book.parts()
    assert (merged.calls, merged.errors) == (90, 9)
    assert sum(len(rows) for rows in read_rows(target.get(merged.name) or b"", ("id",))) == 90
    assert restored(db, target, tmp_path / "after.db") == before
    assert archiving(target).verify() == (1, 90, [], [], [])
    assert len(list(target.names("calls/v1"))) == 4
    archiving(target).remove_replaced(LATER_NS + 1)
    assert len(list(target.names("calls/v1"))) == 4
    archiving(target).remove_replaced(LATER_NS + 2 * HOUR_NS)
    assert list(target.names("calls/v1")) == [merged.name]
    assert len(list(target.names("_manifest"))) == 1
    assert archiving(target).compact(LATER_NS) == 0


def test_files_of_an_older_version_lack_columns(archiving: Make, target: Target, db: Path, tmp_path: Path) -> None:
    """They are merged with those of this one."""
    import obsv.archive.columns as columns
    from obsv.archive.kinds import KINDS
    from obsv.archive.parquet import Columns

    old = KINDS[0]._replace(columns=Columns(columns.CALL_COLUMNS.columns[:-1]))
    archiver = archiving(target)
    facts = ArchiveBook(db).open(target.url, 0)
    assert archiver._step(old, facts, LATER_NS, False) is not None
    archive_all(archiver)
    assert archiver.compact(LATER_NS) == 1
    assert len(restored(db, target, tmp_path / "after.db")) == 90


@pytest.mark.parametrize("after", range(8))
def test_a_target_that_fails_at_any_step(archiving: Make, target: Target, db: Path, tmp_path: Path, after: int) -> None:
    """Every call is in exactly one registered part, and the next run ends the work."""
    archive_all(archiving(target))
    before = restored(db, target, tmp_path / "before.db")

    class Failing:
        url = target.url

        def __init__(self) -> None:
            self.left = after

        def __getattr__(self, name: str) -> Any:
            def call(*arguments: Any) -> Any:
                self.left -= 1
                if self.left == -1:
                    raise StoreUnavailable("The archive is away.")
                answer = getattr(target, name)(*arguments)
                self.left -= 1
                if self.left == -1:
                    raise StoreUnavailable("The archive is away.")
                return answer

            return call

    failing: Any = Failing()
    with suppress(StoreUnavailable):
        archiving(failing).compact(LATER_NS)
    assert restored(db, target, tmp_path / "between.db") == before
    archiving(target).compact(LATER_NS)
    assert restored(db, target, tmp_path / "after.db") == before
    assert archiving(target).verify() == (1, 90, [], [], [])


def test_another_process_was_quicker(archiving: Make, target: Target, db: Path) -> None:
    """One of them merges."""
    archive_all(archiving(target))
    with closing(ArchiveBook(db)) as book:
        parts = book.parts()
        assert archiving(target).compact(LATER_NS) == 1
        assert not book.replace([each.name for each in parts], parts[0], LATER_NS)
        assert [each.calls for each in book.parts()] == [90]


def test_a_late_call_is_merged_later(archiving: Make, target: Target, db: Path) -> None:
    """A part of its own at first."""
    archive_all(archiving(target))
    archiving(target).compact(LATER_NS)
    with closing(Writer(db)) as writer:
        writer.write([row(1_000, 5)])
    archive_all(archiving(target))
    assert archiving(target).compact(LATER_NS) == 1
    with closing(ArchiveBook(db)) as book:
        assert [each.calls for each in book.parts()] == [91]


def test_a_missing_file_stops_neither_other_merges_nor_deletion(
    archiving: Make, target: Target, db: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its parts stay as they are until they are too old; the others of the run are merged."""
    with closing(Writer(db)) as writer:
        for hour in (24, 25):
            writer.write([row(1_000 + hour, 60 * hour)])
    archive_all(archiving(target))
    with closing(ArchiveBook(db)) as book:
        target.delete(book.parts()[1].name)
        assert archiving(target).compact(LATER_NS) == 1
        assert "missing" in caplog.text
        assert [part.calls for part in book.parts()] == [30, 30, 30, 2]
        book.keep(DAY_NS)
        facts = book.facts()
        assert facts is not None
        archive_due(db, book, facts, lambda: LATER_NS)
        assert book.parts() == []
