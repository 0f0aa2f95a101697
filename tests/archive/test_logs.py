"""Log records go into the archive like calls, and come back the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from archive_rows import BEGIN_NS, HOUR_NS

from obsv.archive import Archiver, Target, Targets, thaw
from obsv.store import Source, Writer
from obsv.store.ground import LogRow
from obsv.store.seam import open_store
from obsv.store.writing import LOGS, ArchiveBook

Make = Callable[..., Archiver]
NOW_NS = BEGIN_NS + 24 * HOUR_NS
ALL = "select * from log order by ts"


@pytest.fixture
def logged(db: Path) -> Path:
    """Forty log records in two hours."""
    source = Source("shop", '{"attributes": []}', '{"name": "orders"}')
    rows = [
        LogRow(
            source,
            BEGIN_NS + number * HOUR_NS // 20,
            17 if number % 10 == 0 else 9,
            "INFO",
            "order.placed",
            '"Zoë"',
            f'{{"order":{number}}}',
            bytes([number]) * 16,
            bytes([number]) * 8,
            "shop.place",
            "MainThread",
        )
        for number in range(40)
    ]
    with closing(Writer(db)) as writer:
        writer.write([], logs=rows)
    return db


def rows_of(db: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(open_store(db)) as store:
        return store.run_sql(sql).rows


def archive_logs(archiver: Archiver, now_ns: int = NOW_NS) -> list[tuple[int, int]]:
    parts = []
    while (part := archiver.step(now_ns)) is not None:
        parts += [(part.calls, part.errors)] if part.kind == LOGS else []
    return parts


def test_log_records_come_back_the_same(archiving: Make, target: Target, logged: Path, tmp_path: Path) -> None:
    """A part an hour, beside those of the calls."""
    assert archive_logs(archiving(target)) == [(20, 2), (20, 2)]
    assert len(list(target.names("logs/v1"))) == 2
    assert archiving(target).verify() == (5, 130, [], [], [])
    with closing(ArchiveBook(logged)) as book, closing(Writer(tmp_path / "thawed.db")) as writer:
        assert thaw(book.parts(), Targets(target), writer) == 90
    assert rows_of(tmp_path / "thawed.db", ALL) == rows_of(logged, ALL)
    assert rows_of(tmp_path / "thawed.db", "select origin from source where scope like '%orders%'") == rows_of(
        logged, "select origin from source where scope like '%orders%'"
    )


def test_retention_waits_for_their_archive(archiving: Make, target: Target, logged: Path) -> None:
    """By age only what is archived is deleted."""
    archive_logs(archiving(target), BEGIN_NS + 2 * HOUR_NS + 1)
    with closing(Writer(logged)) as writer:
        while writer.retain(NOW_NS, max_age_ns=1).more:
            pass
    assert rows_of(logged, "select count(*) from log") == [(20,)]


def test_those_deleted_for_want_of_room_are_counted(archiving: Make, target: Target, logged: Path) -> None:
    """With the calls that were deleted unarchived."""
    archiving(target).step(BEGIN_NS + HOUR_NS + 1)  # nothing is due; the archive is known from then on
    with closing(Writer(logged)) as writer, closing(ArchiveBook(logged)) as book:
        for _ in range(50):
            writer.retain(NOW_NS, max_age_ns=None, max_bytes=4096)
        left = rows_of(logged, "select (select count(*) from log) + (select count(*) from process_trace)")[0][0]
        assert book.waiting().unarchived == 130 - int(str(left)) > 40
