"""`obsv repro`."""

from pathlib import Path

import pytest
from calls import TRACE, call, span_id

from obsv.cli.repro import repro
from obsv.errors import ConfigurationError, NotFound
from obsv.store import Code, Writer

CODE = Code("/srv/shop/orders.py", 3, "def place(order, card): ...\n")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "obsv.db"
    writer = Writer(path)
    writer.write([call(1, inputs={"order": "7", "card": "***"}, code=CODE, error="ValueError: x\n")])
    writer.close()
    return path


@pytest.mark.parametrize("given", [span_id(1), "1", f"{TRACE}/{span_id(1)}"])
def test_the_source_is_said(db: Path, given: str) -> None:
    """By a span id, with or without its trace's."""
    said: list[str] = []
    assert repro(db, given, say=said.append) is None
    assert "def test_place() -> None:" in said[0]


def test_it_is_written_into_a_directory(db: Path, tmp_path: Path) -> None:
    """Under a name that pytest finds, and says what is to be filled in."""
    said: list[str] = []
    path = repro(db, "1", tmp_path, said.append)
    assert path == tmp_path / "test_repro_00000000.py"
    compile(path.read_text(encoding="utf-8"), str(path), "exec")
    assert said == [f"{path} written; run it with: pytest {path}", "To be filled in first: card"]


def test_no_such_span(db: Path) -> None:
    """Nothing is written."""
    with pytest.raises(NotFound):
        repro(db, "99")


def test_a_place_that_cannot_be_written(db: Path, tmp_path: Path) -> None:
    """The error says so."""
    with pytest.raises(ConfigurationError, match="choose another place"):
        repro(db, "1", tmp_path / "no" / "such.py")
