"""The page Alerts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from calls import call

from obsv.alerts.editing import rule_of
from obsv.alerts.kinds import KINDS
from obsv.alerts.watch import Watch
from obsv.dashboards.alerts.page import PAGE, THRESHOLDS, fields_of, previewed
from obsv.dashboards.alerts.tables import table
from obsv.dashboards.page import View
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.watching import AlertRow, AttemptRow, Book, EventRow, LevelBucket, MessageRow, SilenceRow

NS = 1_000_000_000
HOSTILE = "<img src=x onerror=alert(1)>"


def text(db: Path, watch: Watch | None = None) -> str:
    return str(PAGE.layout(View(open_store(db), {}, {}, time.time_ns(), watch)))


def test_the_page_has_alerts_messages_silences_history_and_repeating_variables(tmp_path: Path) -> None:
    db, now_ns = tmp_path / "o.db", time.time_ns()
    writer = Writer(db)
    for number in range(8):
        writer.write([call(1, trace=f"{number + 1:032x}", at=now_ns, inputs={"price": "1.5"})])
    book = Book(db)
    book.hold("me", now_ns, NS)
    alert = AlertRow("f1", "slow", (("process", HOSTILE),), "firing", now_ns, now_ns, value=2.5, summary=HOSTILE)
    body = '{"labels": {}}'
    book.commit("me", alerts=[alert], events=[EventRow(now_ns, "f1", "slow", (), "firing", 2.5, "it was slow")],
                messages=[MessageRow("m1", "chat", "firing", "f1", "slow", body, now_ns)])  # fmt: skip
    book.tried(AttemptRow("m1", now_ns, 1, 503, "busy now"), "waiting", now_ns)
    matchers = '[{"name": "alertname", "value": "slow", "isRegex": false, "isEqual": true}]'
    book.put_silence(SilenceRow("s1", matchers, 0, now_ns + 60 * NS, "me", "known trouble", 0))
    found = text(db)
    for part in (
        "firing",
        "silenced",
        "2.5",
        "it was slow",
        "503 busy now",
        "known trouble",
        "alertname=",
        "price",
        HOSTILE,
    ):
        assert part in found, part


def test_an_empty_store_and_none_have_a_page(tmp_path: Path) -> None:
    assert "no rules file" in text(tmp_path / "none.db")
    Writer(tmp_path / "o.db").open()
    assert "No firing alerts" in text(tmp_path / "o.db")


def test_without_rules_the_form_for_one_comes_first(tmp_path: Path) -> None:
    """With rules, the alerts come first, and silencing one before adding a rule."""
    Writer(tmp_path / "o.db").open()
    found = text(tmp_path / "o.db")
    assert found.index("alerts-add") < found.index("alerts-silence'") < found.index("alerts-body")
    (tmp_path / "alerts.toml").write_text('[[alerts.rule]]\nkind = "error"\n')
    watch = Watch(tmp_path / "o.db")
    watch.file.look()
    found = text(tmp_path / "o.db", watch)
    assert found.index("alerts-body") < found.index("alerts-silence'") < found.index("alerts-add")


def test_a_wrong_file_is_said_on_the_page(tmp_path: Path) -> None:
    Writer(tmp_path / "o.db").open()
    (tmp_path / "alerts.toml").write_text("broken = = 1")
    watch = Watch(tmp_path / "o.db")
    watch.file.look()
    assert "invalid file" in text(tmp_path / "o.db", watch)
    (tmp_path / "alerts.toml").write_text('[[alerts.rule]]\nkind = "error"\n')
    watch.file.look()  # it may still be being written
    watch.file.look()
    assert "1 rule'" in text(tmp_path / "o.db", watch)
    (tmp_path / "alerts.toml").write_text("broken = = 12")
    watch.file.look()
    watch.file.look()
    assert "invalid file, previous rules in force" in text(tmp_path / "o.db", watch)


@pytest.mark.parametrize("kind", THRESHOLDS)
def test_the_form_makes_a_rule_of_each_kind(kind: str) -> None:
    value = {"error": "3", "staleness": "7", "backpressure": "100", "lost_calls": "2", "error_rate": "5%"}.get(
        kind, "200ms"
    )
    named = "writer" if kind == "pipeline" else "shop.*"
    rule = rule_of(fields_of(kind, "mine", named, "price", value, "1m"))
    assert (rule.name, rule.kind, rule.for_s) == ("mine", kind, 60)
    assert THRESHOLDS[kind] in KINDS[kind].keys
    assert named in rule.details.values()


def test_a_preview_says_when_it_would_have_fired(tmp_path: Path) -> None:
    db, now_ns = tmp_path / "o.db", time.time_ns()
    Writer(db).write([call(1, at=now_ns - 60 * NS, ms=500)])
    slow: Any = fields_of("duration", "", "*", "", "100ms", "0s")
    assert "1 time in the last 6 hours" in str(previewed(rule_of(slow), open_store(db), now_ns))
    assert "would not have fired" in str(previewed(rule_of({**slow, "over": "10s"}), open_store(db), now_ns))


def test_service_levels_show_what_is_left(tmp_path: Path) -> None:
    Writer(tmp_path / "o.db").open()
    (tmp_path / "alerts.toml").write_text('[[slo]]\nname = "prices"\nobjective = "99.9%"\n')
    watch = Watch(tmp_path / "o.db")
    watch.file.look()
    (slo,) = watch.config.slos
    watch.book.hold("me", 0, NS)
    watch.book.add_level("me", "prices", slo.version, [LevelBucket(int(time.time()) // 300, 9_995, 10_000)], {})
    found = text(tmp_path / "o.db", watch)
    for part in ("Service levels", "99.9 %", "50 % left"):
        assert part in found, part


def test_each_cell_names_its_column() -> None:
    """For narrow screens, which show a row as a list; an empty cell takes no line there."""
    (row,) = table(("State", ""), [["firing", ""]]).children[1].children
    assert [(each.to_plotly_json()["props"]["data-name"], each.className) for each in row.children] == [
        ("State", ""),
        ("", "empty"),
    ]
