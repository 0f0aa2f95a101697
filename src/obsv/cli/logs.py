"""`obsv logs`: the latest log records and events, then each new one."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.text import Text

from obsv.analysis.markdown import one_line
from obsv.cli.common import complain
from obsv.cli.output import console, print_json
from obsv.cold import open_whole
from obsv.errors import StoreUnavailable
from obsv.events.severity import ERROR, WARN, name_of
from obsv.store.figures import LogFilters, LogLine
from obsv.store.ground import Window, read_shown
from obsv.store.seam import Store

NOTHING_YET = "No log records yet. obsv run --logs WARNING records what a program logs; see also obsv.event."
_LOOK_S = 0.5
_VALUE_CHARS = 80
_PAGE = 1_000
# Of every record of a logging handler: where the code is, and what `exception.type` and the message say shorter.
_SHOWN_APART = ("code.file.path", "code.line.number", "code.function.name", "exception.stacktrace")


def logs(db: Path, filters: LogFilters, start_ns: int, limit: int, follow: bool, as_json: bool) -> None:
    """Print the latest log records, oldest of them first, then what comes, until interrupted.

    Args:
        db: path of the store.
        filters: which ones.
        start_ns: not before this Unix time.
        limit: how many of those at most.
        follow: whether to wait for more.
        as_json: whether to print JSON.
    """
    reader = open_whole(db)
    try:
        last = reader.read_new_logs(filters, -1).last_id
        found = _latest(reader, filters, Window(start_ns, time.time_ns() + 1_000_000_000), limit)
        _show([line for line in found if line.id <= last], as_json)
        if not found and not follow and not as_json:
            console().print("No log records." if last else NOTHING_YET)
        while follow:
            time.sleep(_LOOK_S)
            last = _go_on(reader, filters, last, as_json)
    finally:
        reader.close()


def _latest(reader: Store, filters: LogFilters, window: Window, limit: int) -> list[LogLine]:
    found: list[LogLine] = []
    cursor = None
    while len(found) < limit:
        page = reader.read_logs(filters, window, cursor, min(_PAGE, limit - len(found)))
        found += page.lines
        cursor = page.cursor
        if cursor is None:
            break
    return found[::-1]


def _go_on(reader: Store, filters: LogFilters, last: int, as_json: bool) -> int:
    more = True
    while more:
        try:
            new = reader.read_new_logs(filters, last)
        except StoreUnavailable as error:
            complain(f"{error}. Waiting for it …")
            return last
        _show(new.lines, as_json)
        last, more = new.last_id, new.more
    return last


def _show(lines: Iterable[LogLine], as_json: bool) -> None:
    if as_json:
        print_json(*map(as_document, lines))
        return
    out = console()
    for line in lines:
        cut = {"no_wrap": True, "overflow": "ellipsis"} if out.is_terminal else {"soft_wrap": True}
        out.print(text_of(line), **cut)
    sys.stdout.flush()


def as_document(line: LogLine) -> dict[str, Any]:
    """Return a log record as JSON shows it: its body and attributes as what they are."""
    document = line._asdict()
    document["body"], document["attributes"] = read_shown(line.body), read_shown(line.attributes)
    document["severity"] = name_of(line.severity)
    document["severity_number"] = line.severity
    return document


def text_of(line: LogLine) -> Text:
    """Return a log record on one line: when (UTC), how severe, who, what, with which values."""
    style = "bold red" if line.severity >= ERROR else "yellow" if line.severity >= WARN else "dim"
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{line.ts[11:23]} ", "dim")
    text.append(f"{name_of(line.severity) or one_line(line.severity_text):6}", style)
    text.append(one_line(line.event_name or line.logger or line.service), "bold")
    body = read_shown(line.body)
    if body is not None:
        text.append(f"  {one_line(body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))}")
    attributes = read_shown(line.attributes)
    pairs = attributes.items() if isinstance(attributes, dict) else ()
    for name, value in pairs:
        if name not in _SHOWN_APART:
            text.append(f"  {one_line(name)}=", "dim")
            text.append(_short(value))
    if line.process:
        text.append(f"  in {one_line(line.process)}", "dim")
    return text


def _short(value: Any) -> str:
    shown = one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return shown if len(shown) <= _VALUE_CHARS else f"{shown[: _VALUE_CHARS - 1]}…"
