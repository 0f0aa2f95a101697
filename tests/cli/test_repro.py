"""`obsv repro`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from calls import TRACE, call, span_id

from obsv.cli.repro import repro
from obsv.errors import ConfigurationError, NotFound
from obsv.store import Code, Writer

CODE = Code("/nowhere/shop/orders.py", 3, "def place(order, card): ...\n")


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
    assert said == [f"{path} was written; run it with: python -m pytest {path}", "Fill in first: card"]


def test_only_its_owner_reads_the_file(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It contains recorded values; a group reads it where the user said so."""
    old = os.umask(0)
    try:
        written = [repro(db, "1", tmp_path / "a.py")]
        monkeypatch.setenv("OBSV_FILE_MODE", "640")
        written.append(repro(db, "1", tmp_path / "b.py"))
    finally:
        os.umask(old)
    assert [path.stat().st_mode & 0o777 for path in written if path] == [0o600, 0o640]


def test_no_such_span(db: Path) -> None:
    """Nothing is written."""
    with pytest.raises(NotFound):
        repro(db, "99")


def test_a_place_that_cannot_be_written(db: Path, tmp_path: Path) -> None:
    """The error says so."""
    with pytest.raises(ConfigurationError, match="choose another location"):
        repro(db, "1", tmp_path / "no" / "such.py")


def test_directory_is_made(db: Path, tmp_path: Path) -> None:
    """As `-o tests/` says where there is none yet."""
    path = repro(db, "1", tmp_path / "new" / "tests", lambda _: None)
    assert path == tmp_path / "new" / "tests" / "test_repro_00000000.py"
    assert path.is_file()


def test_printed_command_runs_where_the_module_is_found(tmp_path: Path) -> None:
    """Pasted as it is: the package is importable from there, whatever the working directory was."""
    package = tmp_path / "my app" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "orders.py").write_text("def place(order):\n    return 1 / order\n")
    code = Code(str(package / "orders.py"), 1, "def place(order):\n    return 1 / order\n")
    error = "Traceback (most recent call last):\nZeroDivisionError: division by zero\n"
    db, said = tmp_path / "obsv.db", []
    writer = Writer(db)
    writer.write([call(1, inputs={"order": "0"}, code=code, error=error)])
    writer.close()
    repro(db, "1", tmp_path / "tests", said.append)
    line = said[0].partition("run it with: ")[2].replace("python -m", f"{sys.executable} -m")
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
