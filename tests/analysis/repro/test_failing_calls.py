"""Failing calls of varied functions: the generated tests fail the same way without an edit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from keepers import settle

from obsv.analysis.repro import Repro, repro
from obsv.store import Reader
from obsv.store.spans.call import find_call, read_exact

PROGRAM = Path(__file__).with_name("failing_program.py")
LEAST = 22


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Repro]]:
    """A directory with the program and a test of each of its failing calls, by function."""
    home = tmp_path_factory.mktemp("failing")
    shutil.copy(PROGRAM, home)
    run = f"import failing_program; failing_program.main({str(home / 'obsv.db')!r})"
    subprocess.run([sys.executable, "-c", run], cwd=home, check=True, timeout=240)
    settle(home / "obsv.db")
    reader = Reader(home / "obsv.db")
    found = {}
    for row in reader.query("select lower(hex(span_id)) as span_id from span where status = 2 order by id"):
        call = find_call(reader, row["span_id"])
        found[call.process.rpartition(".")[2]] = test = repro(call, read_exact(reader, call))
        (home / test.file_name).write_text(test.source, encoding="utf-8")
    reader.close()
    return home, found


def test_they_fail_the_same_way_without_an_edit(made: tuple[Path, dict[str, Repro]]) -> None:
    """With the same exception and message; nothing has to be filled in."""
    home, tests = made
    assert len(tests) > LEAST
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:dash", "-p", "no:cacheprovider", str(home)]
    ran = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=240, check=False)
    assert f"{len(tests)} passed" in ran.stdout, ran.stdout
    assert not [name for name, test in tests.items() if test.placeholders]


def test_no_pickle_is_loaded(made: tuple[Path, dict[str, Repro]]) -> None:
    """The values stand in the file as they are written."""
    assert not [name for name, test in made[1].items() if test.exact or "pickle" in test.source]


def test_an_object_is_made_of_its_attributes(made: tuple[Path, dict[str, Repro]]) -> None:
    """Also the receiver of a method, which is not among the recorded values."""
    source = made[1]["withdraw"].source
    assert "self=made('Account', {'owner': 'ann', 'balance': decimal.Decimal('1.50'), 'entries': []})" in source
