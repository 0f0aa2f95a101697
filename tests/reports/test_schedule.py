"""Reports on a schedule: each is made and sent once."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from keepers import eventually
from ledger import END_NS

from obsv.errors import ConfigurationError
from obsv.keeper import report_errand
from obsv.keeper.errands import REPORTS, Errands, reports_of
from obsv.keeper.files import KeeperFiles
from obsv.reports.making import make_due
from obsv.reports.schedule import Plan, due_end_ns, plans
from obsv.store.writing import ReportBook
from obsv.times import iso_ns

MIDNIGHT_NS = iso_ns("2026-09-22 00:00:00")


@pytest.fixture
def place(db: Path, tmp_path: Path) -> Path:
    """A store of its own, with plans and a receiver."""
    shutil.copy(db, tmp_path / "store.db")
    (tmp_path / "alerts.toml").write_text(
        '[[alerts.notify]]\nname = "mail"\ntype = "webhook"\nurl = "http://127.0.0.1:1/x"\n'
    )
    return tmp_path / "store.db"


def test_period_that_is_due() -> None:
    """Days and weeks end at midnight, UTC; before the hour it is the one before."""
    daily, weekly = Plan("daily", 6, 0, ()), Plan("weekly", 6, 0, ())
    assert due_end_ns(daily, iso_ns("2026-09-22 06:00:00")) == MIDNIGHT_NS
    assert due_end_ns(daily, iso_ns("2026-09-22 05:59:59")) == iso_ns("2026-09-21 00:00:00")
    assert due_end_ns(weekly, iso_ns("2026-09-27 23:00:00")) == iso_ns("2026-09-21 00:00:00")
    assert due_end_ns(weekly, iso_ns("2026-09-28 05:00:00")) == iso_ns("2026-09-21 00:00:00")
    assert due_end_ns(weekly, iso_ns("2026-09-28 06:00:00")) == iso_ns("2026-09-28 00:00:00")


def test_due_report_is_made_once(place: Path) -> None:
    """It is kept; nothing is made again."""
    (place.parent / "reports.toml").write_text("[daily]\nat = 6\n")
    now_ns = iso_ns("2026-09-22 07:00:00")
    assert make_due(place, now_ns) == []
    kept = ReportBook(place).find("daily", MIDNIGHT_NS)
    assert kept is not None
    assert json.loads(kept.document)["end_ns"] == MIDNIGHT_NS
    (place.parent / "metrics.yaml").write_text("metrics: nonsense")
    assert make_due(place, now_ns) == []
    with pytest.raises(ConfigurationError):
        make_due(place, END_NS + 10 * 86_400_000_000_000)


def test_receiver_that_fails_is_tried_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it accepts, and not after that."""
    (place.parent / "reports.toml").write_text('[daily]\nat = 6\nsend = ["mail"]\n')
    now_ns = iso_ns("2026-09-22 07:00:00")
    (said,) = make_due(place, now_ns)
    assert said.startswith("mail did not accept the daily report")
    (place.parent / "alerts.toml").write_text('[[alerts.notify]]\nname = "mail"\ntype = "log"\n')
    assert make_due(place, now_ns) == []
    kept = ReportBook(place).find("daily", MIDNIGHT_NS)
    assert kept is not None
    assert kept.sent == ("mail",)


def test_errand_of_a_keeper(place: Path) -> None:
    """A child process makes it, once there is a file of plans."""
    files = KeeperFiles.of(place)
    assert reports_of(files) is None
    (place.parent / "reports.toml").write_text("[weekly]\nat = 0\n")
    assert reports_of(files) == reports_of(files)
    errands = Errands(place, [REPORTS], look_s=0.01)
    errands.start()
    try:
        eventually(lambda: ReportBook(place).find("weekly", due_end_ns(Plan("weekly", 0, 0, ()), time.time_ns())))
    finally:
        errands.stop()


def test_errand_says_only_what_is_wrong(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line becomes a warning of the keeper."""
    monkeypatch.setattr(os, "nice", lambda by: 0)
    assert report_errand.main(str(place)) == 0
    assert capsys.readouterr().err == ""
    (place.parent / "reports.toml").write_text("[hourly]")
    assert report_errand.main(str(place)) == 1
    assert "reports.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["[hourly]", "[daily]\nat = 24", "[daily]\nat = true", "[weekly]\non = 'someday'", "[daily]\nx = 1", "["]
)
def test_invalid_plans_are_named(text: str, tmp_path: Path) -> None:
    """With the file and what may stand there."""
    (tmp_path / "reports.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"reports\.toml"):
        plans(tmp_path / "reports.toml")
