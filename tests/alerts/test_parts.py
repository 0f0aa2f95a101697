"""The parts of obsv, and how far each is behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from calls import call

from obsv.alerts.parts import Part, RingState, no_rings, read_parts
from obsv.store import RecorderRow, Writer
from obsv.store.seam import open_store
from obsv.store.watching import Book, MessageRow, RuleRow
from obsv.store.writing import ArchiveBook

NS = 1_000_000_000
NOW = time.time_ns()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    Writer(tmp_path / "o.db").open()
    return tmp_path / "o.db"


def lags(db: Path, rings: RingState | None = None, has_rules: bool = True) -> dict[str, float]:
    look = no_rings if rings is None else lambda now_ns: rings
    return {each.name: round(each.lag_s, 3) for each in read_parts(open_store(db), look, has_rules, NOW)}


def test_without_a_store_there_is_nothing(tmp_path: Path) -> None:
    assert lags(tmp_path / "none.db") == {}


def test_only_parts_in_use_are_there(db: Path) -> None:
    assert lags(db) == {"alerts": 0.0}


def test_keeper_and_ring_are_as_far_behind_as_the_rings_say(db: Path) -> None:
    assert lags(db, RingState(2, 12.0, 34.0)) == {"keeper": 12.0, "ring": 34.0, "alerts": 0.0}


def test_the_writer_is_as_late_as_the_latest_of_those_that_report_now(db: Path) -> None:
    writer = Writer(db)
    for pid, age_s, lag_ms in ((1, 0, 2_500), (2, 0, 100), (3, 60, 9_000)):
        writer.report(RecorderRow(f"h:{pid}:1", "shop", pid, "h", 1, NOW - age_s * NS, "OK",
                                  f'{{"writer_lag_ms": {lag_ms}}}'))  # fmt: skip
    assert lags(db)["writer"] == 2.5


def test_the_archive_is_as_late_as_its_first_missing_call_is_old(db: Path, tmp_path: Path) -> None:
    writer = Writer(db)
    writer.write([call(1, trace=f"{1:032x}", at=NOW - 100 * NS), call(2, trace=f"{2:032x}", at=NOW - 50 * NS)])
    assert "archive" not in lags(db)
    book = ArchiveBook(db)
    book.open((tmp_path / "archive").as_uri(), NOW)
    book.close()
    assert lags(db)["archive"] == 100.0


def test_alerts_are_as_late_as_their_oldest_message_or_their_last_evaluation(db: Path) -> None:
    """The last evaluation counts only if there are rules; it is saved every 15 s."""
    book = Book(db)
    book.hold("me", NOW, NS)
    book.commit("me", rules=[RuleRow("it", "sql", NOW - 100 * NS, 0)])
    assert (lags(db)["alerts"], lags(db, has_rules=False)["alerts"]) == (85.0, 0.0)
    book.commit("me", messages=[MessageRow("m", "hook", "firing", "f", "it", "{}", NOW - 200 * NS)])
    assert lags(db)["alerts"] == 200.0
    book.close()


def test_each_part_has_a_limit_of_its_own() -> None:
    assert Part("keeper", 11, "").is_late
    assert not Part("archive", 11, "").is_late
