"""What the commands print: tables and text for people, JSON lines for programs."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from obsv.analysis.markdown import visible

STATUS_STYLE = {"OK": "green", "ERR": "bold red"}
# Piped output is for grep and less: nothing is cut or wrapped to the width of a screen that is not there.
_PIPED_WIDTH = 10_000


def console() -> Console:
    """Where people read: colours only on a terminal, and no markup in what was recorded."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def say(text: str) -> None:
    """A line for people."""
    console().print(text)


def print_json(*documents: Any) -> None:
    """JSON, a document a line."""
    for document in documents:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[str] = ()) -> None:
    """A table; ids are never cut, long texts wrap.

    Args:
        right: columns of numbers.
    """
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        narrow = column in right or column.endswith(("_id", "ts", "status"))
        shown.add_column(column, justify="right" if column in right else "left", no_wrap=narrow, overflow="fold")
    for row in rows:
        shown.add_row(*map(cell, row))
    console().print(shown)


def cell(value: Any) -> Text:
    """A value in a table: text on one line, control characters written out."""
    if isinstance(value, Text):
        return value
    if value is None:
        return Text("")
    text = visible(value.hex() if isinstance(value, bytes) else str(value))
    return Text(text.replace("\n", "⏎"))


def status(value: str) -> Text:
    """A status in its colour."""
    return Text(value, STATUS_STYLE.get(value, ""))
