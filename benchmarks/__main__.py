"""Runs the benchmarks and writes their table: `python -m benchmarks [NAME]… [--write]`.

`--write` puts the tables into docs/benchmarks.md, between the marks of each benchmark that ran.
"""

from __future__ import annotations

import importlib
import platform
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.result import Result, markdown

RECORDING = ("call", "burst", "recorder", "imports", "store")
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def show(name: str, results: list[Result]) -> None:
    """Print a table."""
    table = Table("", "measured", "must", "reach for", "", title=name)
    for result in results:
        table.add_row(*result.cells(), style={"missed": "red", "kept": "yellow"}.get(result.verdict))
    Console().print(table)


def write(name: str, results: list[Result]) -> None:
    """Put a table between its marks."""
    machine = f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    block = f"<!-- {name} -->\n{machine}\n\n{markdown(results)}<!-- /{name} -->"
    text = PAGE.read_text()
    changed, found = re.subn(rf"<!-- {name} -->.*<!-- /{name} -->", lambda _: block, text, flags=re.DOTALL)
    PAGE.write_text(changed if found else f"{text.rstrip()}\n\n## {name}\n\n{block}\n")


def main(arguments: list[str]) -> None:
    """Run what was asked for, or all of recording."""
    names = [argument for argument in arguments if not argument.startswith("-")] or list(RECORDING)
    for name in names:
        results = importlib.import_module(f"benchmarks.{name}").measure()
        show(name, results)
        if "--write" in arguments:
            write(name, results)


if __name__ == "__main__":
    main(sys.argv[1:])
