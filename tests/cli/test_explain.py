"""`obsv explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from calls import TRACE, call, span_id, traceback

from obsv.cli.app import main
from obsv.store import Writer


@pytest.fixture
def db(tmp_path: Path) -> Path:
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, inputs={"order": "7"}, error=traceback("ValueError", "no stock"))])
    writer.close()
    return tmp_path / "obsv.db"


def test_markdown_to_paste(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the values."""
    assert main(["explain", span_id(1), "--db", str(db)]) == 0
    assert "`order` = `7`" in capsys.readouterr().out


def test_as_json(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document."""
    assert main(["explain", f"{TRACE}/{span_id(1)}", "--db", str(db), "--json"]) == 0
    assert "no stock" in json.loads(capsys.readouterr().out)["markdown"]


def test_no_such_span(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and the code for it."""
    assert main(["explain", "99", "--db", str(db)]) == 1
    assert "There is no span" in capsys.readouterr().err
