"""The pages of reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from decision_rows import decision
from ledger import END_NS, GATE, write_ledger

from obsv.dashboards.page import View
from obsv.dashboards.reports.page import PAGE as REPORTS
from obsv.dashboards.reports.report import PAGE as REPORT
from obsv.dashboards.reports.report import told
from obsv.errors import NotFound
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.writing import ReportBook

FACTS = {
    "trades": {"title": "Trades", "text": "7", "value": 7.0, "sql": ["select count(*) from trade"]},
    "gate": {"title": "Gate", "text": "{{trades}}", "value": None, "sql": []},
}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A small journal."""
    write_ledger(tmp_path / "o.db")
    return tmp_path / "o.db"


def shown(db: Path, report: str) -> str:
    return str(REPORT.layout(View(open_store(db), {"report": report}, {}, END_NS, file=db)))


def test_a_number_leads_to_its_statement_and_a_name_is_text() -> None:
    """A name that looks like a reference is none; a key without a fact is a question mark."""
    number, middle, name, _, missing, _ = told("{{trades}} of {{gate}}, {{nothing}}", FACTS)[1:]
    assert "select count(*) from trade" in str(number)
    assert (middle, name.children, missing.children) == (" of ", "{{trades}}", "?")


def test_a_command_is_code() -> None:
    """Without the marks that Markdown has; one alone is text."""
    before, command, after = told("See `obsv errors` or `this", FACTS)
    assert (before, command.children, after) == ("See ", "obsv errors", " or `this")


def test_a_report_of_now(db: Path) -> None:
    """Made when the page is opened; recorded texts stay texts."""
    found = shown(db, "daily")
    assert GATE in found
    assert "Details(" in found


def test_kept_reports(db: Path) -> None:
    """They are listed with who has got them, and shown as they were made."""
    fact = {"trades": FACTS["trades"]}
    document = {
        "title": "Kept", "summary": "{{trades}} trades.", "sections": [{"title": "A", "lines": ["{{trades}}"]}],
        "insights": [{"kind": "x", "is_bad": True, "text": "Look"}], "facts": fact, "phrased_by": "small",
    }  # fmt: skip
    book = ReportBook(db)
    book.keep("daily", END_NS - 1, END_NS, END_NS, json.dumps(document))
    book.mark_sent("daily", END_NS, ["team"])
    listed = str(REPORTS.layout(View(open_store(db), {}, {}, END_NS, file=db)))
    assert "team" in listed
    assert "/reports/1" in listed
    found = shown(db, "1")
    assert all(part in found for part in ("Kept", "Phrased by small", "Look", "select count(*) from trade"))


@pytest.mark.parametrize("name", ["9", "yearly", "1e3", "-1", "٣"])
def test_a_report_that_there_is_not(db: Path, name: str) -> None:
    """A number that is not kept, or a word that is no kind."""
    with pytest.raises(NotFound):
        shown(db, name)


def test_no_report_was_kept(tmp_path: Path) -> None:
    """It says where they are planned."""
    writer = Writer(tmp_path / "none.db")
    writer.write([], logs=[decision(1)])
    writer.close()
    text = str(REPORTS.layout(View(open_store(tmp_path / "none.db"), {}, {}, END_NS, file=tmp_path / "none.db")))
    assert "No report was made on a schedule" in text
