"""Wheels: with the compiled core where a compiler works, without it and with a warning where none does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytest.importorskip("hatchling")
pytest.importorskip("setuptools")

_ROOT = Path(__file__).parents[3]


def _build(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=_ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def _names(folder: Path) -> list[str]:
    (wheel,) = folder.glob("*.whl")
    return ZipFile(wheel).namelist()


def test_with_a_compiler(tmp_path: Path) -> None:
    """The wheel has the compiled core of this interpreter, and no C source."""
    built = _build(tmp_path, OBSV_CORE="require")
    assert built.returncode == 0, built.stderr
    names = _names(tmp_path)
    assert [name for name in names if name.startswith("obsv/record/core/_core.c") and name.endswith((".so", ".pyd"))]
    assert not [name for name in names if name.endswith((".c", ".h"))]
    assert not list(tmp_path.glob("*-none-any.whl"))


def test_without_a_compiler(tmp_path: Path) -> None:
    """If the compiler fails, the wheel is pure, and a warning says so."""
    built = _build(tmp_path, OBSV_CORE="c", CC="/bin/false")
    assert built.returncode == 0, built.stderr
    assert "obsv records by Python alone" in built.stdout + built.stderr
    assert list(tmp_path.glob("obsv-*-py3-none-any.whl"))
    assert not [name for name in _names(tmp_path) if name.endswith((".so", ".pyd", ".c", ".h"))]


def test_left_out(tmp_path: Path) -> None:
    """`OBSV_CORE=py` makes the pure wheel without a word, whatever lies in the source folder."""
    built = _build(tmp_path, OBSV_CORE="py", CC="/bin/false")
    assert built.returncode == 0, built.stderr
    assert "alone" not in built.stdout + built.stderr
    assert list(tmp_path.glob("obsv-*-py3-none-any.whl"))


def test_required(tmp_path: Path) -> None:
    """`OBSV_CORE=require` builds nothing where the compiler fails."""
    built = _build(tmp_path, OBSV_CORE="require", CC="/bin/false")
    assert built.returncode != 0
    assert not list(tmp_path.glob("*.whl"))


def test_unknown_word(tmp_path: Path) -> None:
    """A word that `OBSV_CORE` does not take is named."""
    built = _build(tmp_path, OBSV_CORE="fast")
    assert built.returncode != 0
    assert 'OBSV_CORE is "c", "py" or "require" at build, not \'fast\'' in built.stderr
