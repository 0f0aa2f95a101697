"""`obsv archive …`."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest
from archive_rows import HOUR_NS, row

from obsv.cli.app import main
from obsv.store import Writer
from obsv.store.writing import ArchiveBook


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A store of calls of nine hours ago."""
    begin_ns = (time.time_ns() // HOUR_NS - 9) * HOUR_NS
    writer = Writer(tmp_path / "obsv.db")
    writer.write([row(number, number, begin_ns) for number in range(1, 31)])
    writer.close()
    return tmp_path / "obsv.db"


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, object]:
    assert main([str(each) for each in arguments] + ["--json"]) == code
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_calls_go_and_come_back(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The archive is named once; then the store knows it."""
    assert said(capsys, "archive", "status", "--db", db)["archive"] is None
    url = (tmp_path / "archive").as_uri()
    done = said(capsys, "archive", "now", "--db", db, "--to", url)
    assert (done["calls"], done["parts"], done["archive"]) == (30, 1, url)
    assert said(capsys, "archive", "now", "--db", db)["calls"] == 0
    state = said(capsys, "archive", "status", "--db", db)
    assert (state["calls"], state["errors"], state["waiting"], state["archive"]) == (30, 3, 0, url)
    assert said(capsys, "archive", "verify", "--db", db)["calls"] == 30
    assert main(["archive", "status", "--db", str(db)]) == 0
    assert f"{url}, keeps 30 days" in capsys.readouterr().out
    copy = tmp_path / "copy.db"
    assert said(capsys, "archive", "restore", "--db", db, "--since", "1d", "-o", copy)["calls"] == 30
    assert main(["sql", "select count(*) from process_trace", "--db", str(copy), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"count(*)": 30}


def test_a_restored_file_is_not_emptied_by_age(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its calls are older than any store keeps them."""
    said(capsys, "archive", "now", "--db", db, "--to", tmp_path / "archive")
    said(capsys, "archive", "restore", "--db", db, "-o", tmp_path / "copy.db")
    writer = Writer(tmp_path / "copy.db")
    assert writer.limits().max_age_ns is None
    writer.close()


def test_what_is_hot_stays(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the age that is asked for."""
    url = (tmp_path / "archive").as_uri()
    assert said(capsys, "archive", "now", "--db", db, "--to", url, "--older-than", "1d")["calls"] == 0


def test_it_deletes_by_the_retention_that_was_set(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not by the default of thirty days: neither earlier nor later."""
    begin_ns = time.time_ns() - 40 * 24 * HOUR_NS
    with closing(Writer(db)) as writer:
        writer.write([row(number, number, begin_ns) for number in range(100, 105)])
    place = tmp_path / "archive"
    with closing(ArchiveBook(db)) as book:
        book.open(place.as_uri(), 1)
        book.keep(None)
        done = said(capsys, "archive", "now", "--db", db)
        assert (done["calls"], done["forgotten"]) == (35, 0)
        book.keep(HOUR_NS)
        assert said(capsys, "archive", "now", "--db", db)["forgotten"] == 35


def test_another_address_and_copied_files(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parts stay where they are, also after `off`; a copy of all of them is used instead."""
    old, new = tmp_path / "archive", tmp_path / "new"
    said(capsys, "archive", "now", "--db", db, "--to", old)
    assert main(["archive", "off", "--db", str(db)]) == 0
    capsys.readouterr()
    assert said(capsys, "archive", "now", "--db", db, "--to", new)["archive"] == new.as_uri()
    assert said(capsys, "archive", "verify", "--db", db)["calls"] == 30
    shutil.copytree(old, new)
    said(capsys, "archive", "now", "--db", db, "--to", new)
    shutil.rmtree(old)
    assert said(capsys, "archive", "verify", "--db", db)["calls"] == 30


def test_damage_ends_with_1(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts."""
    said(capsys, "archive", "now", "--db", db, "--to", tmp_path / "archive")
    for part in (tmp_path / "archive").rglob("*.parquet"):
        part.unlink()
    assert len(said(capsys, "archive", "verify", "--db", db, code=1)["missing"]) == 1  # type: ignore[arg-type]


def test_without_an_archive(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says how to begin one."""
    assert main(["archive", "now", "--db", str(db)]) == 2
    assert "--to or OBSV_ARCHIVE" in capsys.readouterr().err


def test_off(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Retention waits for no archive any more."""
    said(capsys, "archive", "now", "--db", db, "--to", tmp_path / "archive")
    assert main(["archive", "off", "--db", str(db)]) == 0
    capsys.readouterr()
    state = said(capsys, "archive", "status", "--db", db)
    assert (state["archive"], state["calls"]) == (None, 30)


def test_without_the_extra(db: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    assert main(["archive", "status", "--db", str(db)]) == 2
    assert "pip install 'obsv[archive]'" in capsys.readouterr().err
