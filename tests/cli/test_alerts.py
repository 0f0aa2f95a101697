"""`obsv alerts`: rules from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from calls import call

from obsv.cli.app import main
from obsv.store import Writer
from obsv.store.watching import AlertRow, Book

RULES = """
[[alerts.rule]]
name = "errors"
query = "select count(*) from process_trace where status = 'ERR'"
threshold = 1
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    Writer(tmp_path / "o.db").open()
    return tmp_path / "o.db"


def test_a_good_file_is_told_so(db: Path, capsys: Any) -> None:
    (db.parent / "alerts.toml").write_text(RULES)
    assert main(["alerts", "check", "--db", str(db)]) == 0
    assert "1 rule, 1 receiver," in capsys.readouterr().out


def test_a_mistake_ends_with_1_and_its_line(db: Path, capsys: Any) -> None:
    (db.parent / "mine.toml").write_text(RULES + "forr = 1")
    assert main(["alerts", "check", str(db.parent / "mine.toml"), "--db", str(db), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert (found["line"], found["key"]) == (6, "forr")


def test_a_query_that_fails_is_a_mistake_where_there_is_a_database(db: Path, capsys: Any) -> None:
    (db.parent / "alerts.toml").write_text(RULES.replace("status", "state"))
    assert main(["alerts", "check", "--db", str(db)]) == 1
    assert "no such column: state" in unwrapped(capsys)


def unwrapped(capsys: Any) -> str:
    """Return the output without the line breaks for a terminal (`COLUMNS`)."""
    return " ".join(capsys.readouterr().out.split())


def test_a_secret_that_is_not_there_is_a_mistake(db: Path, capsys: Any) -> None:
    text = '[[alerts.notify]]\nname = "s"\ntype = "slack"\nurl_env = "NO_SUCH_VARIABLE"\n'
    (db.parent / "alerts.toml").write_text(text)
    assert main(["alerts", "check", "--db", str(db)]) == 1
    assert "NO_SUCH_VARIABLE is not set" in unwrapped(capsys)


def test_rules_are_listed(db: Path, capsys: Any) -> None:
    (db.parent / "alerts.toml").write_text(RULES)
    assert main(["alerts", "list", "--db", str(db), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "errors"


def test_without_a_file_it_is_said_where_one_goes(db: Path, capsys: Any) -> None:
    assert main(["alerts", "list", "--db", str(db)]) == 1
    assert "alerts.toml" in capsys.readouterr().err


def test_a_receiver_is_tried(db: Path, capsys: Any) -> None:
    (db.parent / "alerts.toml").write_text(RULES)
    assert main(["alerts", "test", "log", "--db", str(db)]) == 0
    assert "log accepted the test" in capsys.readouterr().out
    assert main(["alerts", "test", "pager", "--db", str(db)]) == 1
    assert "no receiver 'pager'" in capsys.readouterr().err


def test_a_receiver_that_does_not_answer_ends_with_1(db: Path, capsys: Any) -> None:
    hook = '[[alerts.notify]]\nname = "hook"\ntype = "webhook"\nurl = "http://127.0.0.1:1/s3cret-path"\n'
    (db.parent / "alerts.toml").write_text(hook)
    assert main(["alerts", "test", "hook", "--db", str(db), "--json"]) == 1
    found = capsys.readouterr().out
    assert json.loads(found)["ok"] is False
    assert "s3cret" not in found


def test_alerts_are_silenced_and_the_silence_ended(db: Path, capsys: Any) -> None:
    arguments = ["alertname=slow", "--comment", "known", "--for", "30m", "--db", str(db), "--json"]
    assert main(["alerts", "silence", *arguments]) == 0
    id = json.loads(capsys.readouterr().out)["id"]
    assert main(["alerts", "unsilence", id, "--db", str(db)]) == 0
    assert main(["alerts", "unsilence", "other", "--db", str(db)]) == 1


@pytest.mark.parametrize("wrong", [["slow", "-c", "x"], ["a=b", "-c", ""], ["a=b", "-c", "x", "--for", "soon"]])
def test_a_silence_that_cannot_be_used_is_wrong_usage(db: Path, wrong: list[str]) -> None:
    assert main(["alerts", "silence", *wrong, "--db", str(db)]) == 2


def test_alerts_are_shown(db: Path, capsys: Any) -> None:
    book = Book(db)
    book.hold("me", 0, 10**9)
    book.commit("me", alerts=[AlertRow("f", "slow", (("process", "p"),), "firing", 1, summary="it is slow")])
    assert main(["alerts", "show", "--db", str(db), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"] == "it is slow"
    assert main(["alerts", "show", "--db", str(db)]) == 0
    assert "it is slow" in capsys.readouterr().out


def test_a_condition_that_fails_is_a_mistake(db: Path, capsys: Any) -> None:
    writer = Writer(db)
    writer.write([call(1)])
    writer.close()
    text = '[[slo]]\nname = "prices"\nobjective = 0.9\ngood = "stratus = 1"\n'
    (db.parent / "alerts.toml").write_text(text)
    assert main(["alerts", "check", "--db", str(db)]) == 1
    assert "no such column: stratus" in unwrapped(capsys)
    (db.parent / "alerts.toml").write_text(text.replace("stratus = 1", "status = 'OK'"))
    assert main(["alerts", "check", "--db", str(db)]) == 0
