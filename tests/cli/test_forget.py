"""`obsv forget`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from archive_rows import row

from obsv.cli.app import main
from obsv.store import Writer


@pytest.fixture
def db(tmp_path: Path) -> Path:
    with closing(Writer(tmp_path / "obsv.db")) as writer:
        writer.write([row(number, number) for number in range(1, 31)])
    return tmp_path / "obsv.db"


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    assert main(["forget", *(str(each) for each in arguments)]) == code
    out, err = capsys.readouterr()
    return out + err


def test_it_is_counted_then_removed_then_receipted(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The query is in none of the answers after that, and nowhere in the file."""
    counted = json.loads(said(capsys, "--where", "order=17", "--db", db, "--json"))
    assert (counted["receipt"], counted["counts"]["calls"]) == (None, 1)
    assert "add --yes to remove" in said(capsys, "--where", "order=17", "--db", db)
    assert "receipt 1" in said(capsys, "--where", "order=17", "--db", db, "--yes")
    assert "Nothing was found" in said(capsys, "--where", "order=17", "--db", db)
    listed = json.loads(said(capsys, "--receipts", "--db", db, "--json"))
    assert listed["counts"]["calls"] == 1
    assert "order=17" not in said(capsys, "--receipts", "--db", db)
    assert b"order=17" not in db.read_bytes()
    assert main(["audit", "--db", str(db), "--json"]) == 0
    assert [json.loads(line)["action"] for line in capsys.readouterr().out.splitlines()] == ["forgot", "forget"]


def test_before_and_after(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A range of time, with or without ends."""
    for ends, count in ((("--since", "1h"), 0), (("--until", "1h"), 30)):
        found = json.loads(said(capsys, "--where", "duration>=0", *ends, "--db", db, "--json"))
        assert found["counts"]["calls"] == count


def test_what_is_wrong_is_said(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No query, one without a meaning, no database."""
    assert "add --where" in said(capsys, "--db", db, code=2)
    assert "write a duration" in said(capsys, "--where", "duration>x", "--db", db, code=2)
    assert "no database" in said(capsys, "--where", "x=1", "--db", tmp_path / "none.db", code=3)
    assert "Nothing was forgotten" in said(capsys, "--receipts", "--db", db)
