"""Output of the commands: tables and text for people, JSON lines for programs."""

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from obsv.analysis.markdown import one_line, visible, visible_json
from obsv.wire.anyvalue import double

STATUS_STYLE = {"OK": "green", "ERR": "bold red"}
# Piped output is for grep and less: nothing is cut or wrapped to a screen width.
_PIPED_WIDTH = 10_000
_READABLE = 24
_ID = re.compile("([0-9a-f]{16}|[0-9a-f]{32})?")


def console() -> Console:
    """Return the console: colours only on a terminal, and no markup in recorded text."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def say(text: str) -> None:
    """Print a line of text, which only a terminal breaks: paths and line numbers in it can be searched for."""
    out = console()
    out.print(Text(visible(text)), soft_wrap=not out.is_terminal)


def print_json(*documents: Any) -> None:
    """Print JSON, one document per line."""
    for document in documents:
        sys.stdout.write(json_line(document) + "\n")
    sys.stdout.flush()


def json_line(document: Any) -> str:
    """Return a JSON document as one line. Numbers that JSON does not have are text, as in OTLP: `"Infinity"`."""
    try:
        text = json.dumps(document, ensure_ascii=False, default=_plain, allow_nan=False)
    except ValueError:  # looked for only then: few documents have one
        text = json.dumps(_finite(document), ensure_ascii=False, default=_plain)
    return visible_json(text)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return double(value)
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[str] = (), spare: Sequence[str] = ()
) -> None:
    """Print a table without cutting IDs. If the screen is too narrow, print one value per line instead.

    Args:
        right: right-aligned columns.
        spare: columns to omit on a narrow screen, in this order.
    """
    if not columns:
        return
    cells = [list(map(cell, row)) for row in rows]
    columns, right, spare = (list(map(one_line, names)) for names in (columns, right, spare))
    widths = [max([len(name), *(row[at].cell_len for row in cells)]) for at, name in enumerate(columns)]
    kept, room = list(range(len(columns))), console().width
    for name in spare:
        if sum(widths[at] + 2 for at in kept) - 2 > room:
            kept.remove(columns.index(name))
    # The widest column other than IDs may wrap, down to a width that is still readable.
    widest = max(kept, key=lambda at: 0 if _are_ids(row[at].plain for row in cells) else widths[at])
    full = sum(widths[at] + 2 for at in kept) - 2
    if min(full, full - widths[widest] + _READABLE) > room:
        _records(columns, cells)
        return
    _table([columns[at] for at in kept], [[row[at] for at in kept] for row in cells], right, kept.index(widest))


def _are_ids(texts: Iterable[str]) -> bool:
    return all(_ID.fullmatch(text) for text in texts)


def _records(columns: Sequence[str], rows: list[list[Text]]) -> None:
    out, width = console(), max(map(len, columns))
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            out.print(Text(f"{name:{width}}  ", "bold") + value)
        out.print()


def _table(columns: Sequence[str], rows: list[list[Text]], right: Sequence[str], wraps: int) -> None:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for at, column in enumerate(columns):
        shown.add_column(
            Text(column), justify="right" if column in right else "left", no_wrap=at != wraps, overflow="fold"
        )
    for row in rows:
        shown.add_row(*row)
    console().print(shown)


def cell(value: Any) -> Text:
    """Return a table cell: text on one line, with control characters escaped."""
    if isinstance(value, Text):
        return value
    if value is None:
        return Text("")
    return Text(one_line(value.hex() if isinstance(value, bytes) else str(value)))


def status(value: str) -> Text:
    """Return a status in its colour."""
    return Text(value, STATUS_STYLE.get(value, ""))
