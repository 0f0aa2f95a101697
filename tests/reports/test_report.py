"""Reports: what they say, and that each number is what its statement gives."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from journals import write_journals
from ledger import DAY_NS, END_NS, GATE

from obsv.measures import shipped
from obsv.reports import Report, as_document, as_html, as_markdown, as_text, make_report
from obsv.reports import report as texts_of
from obsv.reports.references import fill, problems, references
from obsv.reports.report import verified
from obsv.store.seam import open_store


def insight(report: Report, kind: str) -> list[str]:
    """Return the insights of a rule, with their numbers."""
    return [fill(each.text, report.facts, lambda fact: fact.text) for each in report.insights if each.kind == kind]


def test_what_was_decided(report: Report) -> None:
    """Decisions, refusals and results, by mode, beside those of the day before."""
    text = as_markdown(report)
    for said in ("150[^1] decisions (before: 60", "60[^", "refused 60", "90[^", "outcomes became known", "`swing 7`"):
        assert said in text
    assert "`ann` registered `model model 2 aaaaaaaaaaaa`: `weekly`." in text


def test_insights(report: Report) -> None:
    """A gate that refuses good ones, one whose pass rate changed, a target that is missed, a leak."""
    (wrong,) = insight(report, "wrong blocks")
    assert "refused 40 decisions that would have gone well, and 20 that would not" in wrong
    (drift,) = insight(report, "drift")
    assert drift.endswith("passes 0.0 %, before 100.0 %.")
    assert "1 decision against a rule of time" in insight(report, "leak")[0]
    assert any("Win rate, scalp misses its target: 53.3 %, target 55.0 %" in each for each in insight(report, "target"))


def test_every_digit_is_a_reference(report: Report) -> None:
    """Texts have none of their own; a text with one is refused."""
    assert verified(report.texts(), report.facts) == []
    for text in ("3 trades", "½ of them", "Ⅻ", "٣", "{{trades}} and {{nothing}}", "{{trades", "x²", "①"):
        assert problems(text, report.facts), text


def test_numbers_are_what_their_statements_give(report: Report, db: Path) -> None:
    """Each counted number is the one that its statement gives when somebody runs it."""
    store = open_store(db)
    checked = 0
    for key in {key for text in report.texts() for key in references(text)}:
        fact = report.facts[key]
        for statement in fact.sql:
            answer = store.run_sql(statement)
            if statement.startswith("select count("):
                assert answer.rows == [(fact.value,)], key
                checked += 1
    store.close()
    assert checked >= 10


def test_recorded_texts_stay_texts(report: Report) -> None:
    """A gate's name is neither markup nor a reference."""
    assert f"`{GATE} (scalp)`" in as_markdown(report)
    page = as_html(report)
    assert "<b>9</b>" not in page
    assert "spread &lt;b&gt;9&lt;/b&gt; {{trades}}" in page
    assert GATE in as_text(report)


def test_html_links_lead_to_statements(report: Report) -> None:
    """Each number to its own; there is no script."""
    page = as_html(report)
    ids = set(re.findall(r'id="([^"]+)"', page))
    links = re.findall(r'href="#([^"]+)"', page)
    assert links
    assert set(links) <= ids
    assert "<script" not in page


def test_json_has_the_facts(report: Report) -> None:
    """Those that texts refer to, with values and statements."""
    document = as_document(report)
    assert document["facts"]["decisions"]["value"] == 150
    assert document["facts"]["decisions"]["sql"][0].startswith("select count(*) from decision")
    assert "150 decisions" in document["text"]


def test_named_metrics_are_measured_whatever_their_schedule(report: Report, db: Path) -> None:
    """A file may give each of them another schedule and group: the daily report says the same."""
    known = {name: each._replace(schedule="weekly", group="own") for name, each in shipped().items()}
    store = open_store(db)
    found = make_report(store, known, "daily", END_NS)
    store.close()
    assert found.sections == report.sections
    assert found.insights != report.insights


def test_every_metric_in_a_text_is_one_that_is_always_measured() -> None:
    """Of the texts for stores with calls and models, too."""
    texts = Path(texts_of.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r"\{\{([a-z_]+)", texts)) & shipped().keys()
    assert named == texts_of._NAMED


@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_empty_store(kind: str, tmp_path: Path) -> None:
    """Says that nothing was decided."""
    write_journals(tmp_path / "store.db", [])
    store = open_store(tmp_path / "store.db")
    report = make_report(store, shipped(), kind, END_NS)
    store.close()
    assert "Nothing was decided" in as_text(report)
    assert "No outcome became known" in as_markdown(report)


def test_silence_is_an_insight(db: Path) -> None:
    """Nothing was decided, but the day before there was."""
    store = open_store(db)
    report = make_report(store, shipped(), "daily", END_NS + DAY_NS)
    store.close()
    assert insight(report, "silence") == ["Nothing was decided; in the period before there were 150 decisions."]


def test_store_without_decisions(tmp_path: Path) -> None:
    """A file that no obsv with decisions has written yet is reported on."""
    write_journals(tmp_path / "store.db", [])
    with sqlite3.connect(tmp_path / "store.db") as file:
        views = ("win_rate_by_mode", "shadow_trade_summary", "shadow_trade", "trade_outcome", "trade_feature", "trade",
                 "counterfactual", "outcome", "gate_result", "decision")  # fmt: skip
        for view in views:
            file.execute(f"drop view {view}")
    file.close()
    store = open_store(tmp_path / "store.db")
    assert "Nothing was decided" in as_text(make_report(store, shipped(), "daily", END_NS))
    store.close()


def test_one_decision_and_commands_in_the_page(report: Report) -> None:
    """A noun stands in the singular behind a one; a command is marked up, not quoted."""
    one = report.facts["decisions"]._replace(value=1, text="1")
    told = report._replace(
        summary="{{decisions}} decisions; `obsv errors` explains it.", facts={**report.facts, "decisions": one}
    )
    assert as_text(told).startswith("1 decision; ")
    assert "1 decision;" not in as_markdown(report)
    assert "<code>obsv errors</code> explains it." in as_html(told)
