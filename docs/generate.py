"""Writes what in the documents comes from the code: `docs/commands.md`, from the command line itself.

python docs/generate.py           write it
python docs/generate.py --check   say whether it is as it should be, for the tests
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from obsv.cli.app import app

PAGE = Path(__file__).parent / "commands.md"
_HEAD = """# Commands

<!-- Written by docs/generate.py. -->

`--db FILE`, or `OBSV_DB`, names the database; `--json` prints JSON on stdout, one document per line.
[The guide](guide.md#the-command-line) has examples and exit codes.
"""
_COMMON = {"--db", "--json", "--help"}


def page() -> str:
    """The document."""
    return "\n".join([_HEAD, *_sections("obsv", typer.main.get_command(app))]).rstrip() + "\n"


def _sections(name: str, command: Any) -> Iterator[str]:
    for each, below in sorted(getattr(command, "commands", {}).items()):
        if getattr(below, "invoke_without_command", False):
            yield _section(f"{name} {each}", below)
        if hasattr(below, "commands"):
            yield from _sections(f"{name} {each}", below)
        else:
            yield _section(f"{name} {each}", below)


def _section(name: str, command: Any) -> str:
    if name == "obsv run":
        return f"## obsv run\n\n```text\n{_help_of_run()}```\n"
    rows = [row for parameter in command.params if (row := _row(parameter))]
    table = ["| | |", "| --- | --- |", *rows, ""] if rows else []
    return "\n".join([f"## {name}", "", _text(command.help or ""), "", *table])


def _help_of_run() -> str:
    """It reads its options by itself, since what follows the program's name is the program's."""
    command = [sys.executable, "-m", "obsv", "run", "--help"]
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def _row(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    if not _COMMON.isdisjoint(names):
        return ""
    if parameter.param_type_name == "argument":
        shown = parameter.metavar or parameter.name.upper()
    else:
        longest_last = sorted(names, key=len)
        value = "" if getattr(parameter, "is_flag", False) else f" {parameter.metavar or 'VALUE'}"
        shown = ", ".join(longest_last) + value
    return f"| `{shown}` | {_text(getattr(parameter, 'help', None) or '')} |".replace(" |  |", " | |")


def _text(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text("utf-8") == page() else f"{PAGE} is old: python docs/generate.py")
    PAGE.write_text(page(), encoding="utf-8")
