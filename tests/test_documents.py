"""Everything that the documents show works as printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from keepers import settle

from obsv import __version__
from obsv.semconv import VERSION

ROOT = Path(__file__).parent.parent
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
RECIPES = _SECTION.findall((ROOT / "docs" / "recipes.md").read_text())
_STEP = re.compile(r'```python title="(?P<file>.+?)"\n(?P<text>.*?)```|```console\n(?P<commands>.*?)```', re.DOTALL)


def environment(directory: Path) -> dict[str, str]:
    """A shell that finds the command, and no settings of this one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OBSV_", "OTEL_"))}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(directory)}


def test_the_tutorial_step_by_step(tmp_path: Path) -> None:
    """Files are written and commands typed in their order; those that serve until Ctrl-C are left out."""
    said = ""
    for step in _STEP.finditer((ROOT / "docs" / "tutorial.md").read_text()):
        if step["file"]:
            (tmp_path / step["file"]).write_text(step["text"])
            continue
        for line in step["commands"].splitlines():
            command = shlex.split(line.removeprefix("$ "))
            if command[:2] == ["obsv", "serve"]:
                continue
            done = subprocess.run(
                command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=240
            )
            assert done.returncode == 0, (line, done.stderr)
            said += done.stdout
            if "run" in command or command[0] == "python":
                settle(tmp_path / "logs" / "observability.db")
    assert "basket={'plum': 3}" in said
    assert re.search(r"price_of\s+return\s+OUTPUT\s+None", said)


@pytest.mark.parametrize(("title", "text"), RECIPES, ids=[title for title, _ in RECIPES])
def test_recipes_run(title: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python block as a program of its own; each SQL statement on a store."""
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        (tmp_path / "recipe.py").write_text(block)
        subprocess.run([sys.executable, "recipe.py"], cwd=tmp_path, env=environment(tmp_path), check=True, timeout=240)
    for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL):
        (tmp_path / "program.py").write_text("from obsv import monitor\n@monitor\ndef f(symbol): ...\nf('AAPL')\n")
        subprocess.run([sys.executable, "program.py"], cwd=tmp_path, env=environment(tmp_path), check=True, timeout=240)
        for statement in filter(str.strip, block.split(";")):
            done = warm.obsv("sql", "--", statement, environment=environment(tmp_path))
            assert done.returncode == 0, (statement, done.stderr)


def test_the_page_of_commands_is_as_the_commands_are() -> None:
    """`python docs/generate.py` writes it."""
    check = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    subprocess.run(check, check=True, env=os.environ | {"COLUMNS": "80"}, timeout=240)


def test_the_version() -> None:
    """Is one."""
    assert __version__ == VERSION
