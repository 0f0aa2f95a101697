"""`obsv tail` and `obsv errors`: calls, newest last or newest first."""

import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from obsv.analysis.durations import duration
from obsv.analysis.markdown import visible
from obsv.cli.output import STATUS_STYLE, console, print_json
from obsv.store.calls import Call
from obsv.store.explorer import page
from obsv.store.explorer import tail as new_calls
from obsv.store.filters import Filters
from obsv.store.reader import Reader
from obsv.store.window import Window

_LOOK_S = 0.5
_VALUE_CHARS = 60


def as_document(call: Call) -> dict[str, object]:
    """A call as JSON."""
    document: dict[str, object] = call._asdict()
    document["duration_ms"] = document.pop("duration_ns", 0) / 1e6  # type: ignore[operator]
    document["values"] = [value._asdict() for value in call.values]
    return document


def line(call: Call) -> Text:
    """A call on one line: when, how long, what, with which values."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{call.ts[11:23]} ", "dim")
    text.append(f"{call.status:4}", STATUS_STYLE.get(call.status, ""))
    text.append(f"{duration(call.duration_ns):>9}  ")
    text.append(visible(call.process), "bold")
    inputs = ", ".join(f"{value.name}={_short(value.text)}" for value in call.values if value.data_type == "INPUT")
    outputs = ", ".join(_short(value.text) for value in call.values if value.data_type == "OUTPUT")
    if call.exception:
        text.append(f"  {_last_line(call.exception)}  ", "red")
    text.append(f"({inputs})")
    if outputs and not call.exception:
        text.append(f" → {outputs}")
    return text


def _short(text: str) -> str:
    shown = visible(text).replace("\n", "⏎")
    return shown if len(shown) <= _VALUE_CHARS else f"{shown[: _VALUE_CHARS - 1]}…"


def _last_line(exception: str) -> str:
    lines = exception.strip().splitlines()
    return visible(lines[-1]) if lines else ""


def show(calls: list[Call], as_json: bool) -> None:
    """Print calls in the order given."""
    if as_json:
        print_json(*map(as_document, calls))
        return
    out = console()
    for call in calls:
        _print(out, call)


def _print(out: Console, call: Call) -> None:
    """On a screen a call is one line; elsewhere nothing is cut."""
    if out.is_terminal:
        out.print(line(call), no_wrap=True, overflow="ellipsis")
    else:
        out.print(line(call), soft_wrap=True)


def tail(db: Path, filters: Filters, limit: int, follow: bool, as_json: bool) -> None:
    """The latest calls, then what comes, until interrupted."""
    reader = Reader(db)
    try:
        found = new_calls(reader, filters, after=0, start_ns=0, limit=1)
        last_id = found.last_id
        window = Window(0, time.time_ns() + 1_000_000_000)
        show(page(reader, filters, window, limit=limit).calls[::-1], as_json)
        while follow:
            time.sleep(_LOOK_S)
            found = new_calls(reader, filters, after=last_id, start_ns=0, limit=1_000)
            last_id = found.last_id
            show(found.calls[::-1], as_json)
    finally:
        reader.close()


def errors(db: Path, filters: Filters, start_ns: int, limit: int, as_json: bool) -> None:
    """The latest errors with their tracebacks, newest first."""
    reader = Reader(db)
    try:
        found = page(reader, filters, Window(start_ns, time.time_ns() + 1_000_000_000), limit=limit).calls
    finally:
        reader.close()
    if as_json:
        print_json(*map(as_document, found))
        return
    out = console()
    for call in found:
        _print(out, call)
        out.print(Text(f"trace {call.trace_id}  span {call.span_id}", "dim"))
        out.print(Text(visible(call.exception or "").rstrip()))
        out.print()
    out.print(f"{len(found)} errors" if found else "No errors.")
