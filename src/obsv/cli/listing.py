"""Print calls, one per line, and `obsv errors --calls`."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console
from rich.text import Text

from obsv.analysis.durations import duration
from obsv.analysis.markdown import one_line, visible
from obsv.cli.output import STATUS_STYLE, console, print_json
from obsv.cold import open_whole
from obsv.errors import NotFound
from obsv.store.finding import Filters
from obsv.store.ground import Window, raised_line
from obsv.store.seam import Store
from obsv.store.spans import ListedCall, Value
from obsv.store.surveying import Errors

_VALUE_CHARS = 60

Print = Callable[[Console, ListedCall], None]


def as_document(call: ListedCall) -> dict[str, object]:
    """Return a call as a JSON document."""
    document: dict[str, object] = call._asdict()
    document["duration_ms"] = document.pop("duration_ns", 0) / 1e6  # type: ignore[operator]
    document["values"] = values_as_documents(call.values)
    return document


def values_as_documents(values: Sequence[Value]) -> list[dict[str, str]]:
    """Return values as JSON documents."""
    return [{"name": value.name, "data_type": value.data_type, "text": value.text} for value in values]


def line(call: ListedCall, with_date: bool = False) -> Text:
    """Return a call as one line: start (UTC), duration, name and values."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{call.ts[0 if with_date else 11 : 23]} ", "dim")
    text.append(f"{call.status:4}", STATUS_STYLE.get(call.status, ""))
    text.append(f"{duration(call.duration_ns):>9}  ")
    text.append(one_line(call.process), "bold")
    inputs = ", ".join(
        f"{one_line(value.name)}={_short(value.text)}" for value in call.values if value.data_type == "INPUT"
    )
    outputs = ", ".join(_short(value.text) for value in call.values if value.data_type == "OUTPUT")
    if call.exception:
        text.append(f"  {one_line(raised_line(call.exception))}  ", "red")
    text.append(f"({inputs})")
    if outputs and not call.exception:
        text.append(f" → {outputs}")
    return text


def _short(text: str) -> str:
    shown = one_line(text)
    return shown if len(shown) <= _VALUE_CHARS else f"{shown[: _VALUE_CHARS - 1]}…"


def show(calls: list[ListedCall], as_json: bool, print_call: Print | None = None) -> None:
    """Print calls in the order given, by default one per line."""
    if as_json:
        print_json(*map(as_document, calls))
        return
    out = console()
    for call in calls:
        (print_call or _print)(out, call)


def _print(out: Console, call: ListedCall, with_date: bool = False) -> None:
    """Print a call on one line on a screen; elsewhere nothing is cut."""
    with_date = with_date or not call.ts.startswith(f"{datetime.now(timezone.utc):%Y-%m-%d}")
    if out.is_terminal:
        out.print(line(call, with_date), no_wrap=True, overflow="ellipsis")
    else:
        out.print(line(call, with_date), soft_wrap=True)


def errors(db: Path, filters: Filters, start_ns: int, limit: int, as_json: bool) -> bool:
    """Print failed calls with their tracebacks, starting with those that left the program's outermost recorded call.

    Returns:
        Whether there are any.
    """
    reader = open_whole(db)
    try:
        found = reader.read_errors(filters, Window(start_ns, time.time_ns() + 1_000_000_000), limit)
        if not found.errors and filters.process:
            expect_process(reader, filters)
    finally:
        reader.close()
    if as_json:
        print_json(*({**as_document(call), "handled": call.id not in found.uncaught} for call in found.calls))
    else:
        show(found.calls, as_json, _print_error)
        console().print(_counted(found, limit))
    return found.errors > 0


def _counted(found: Errors, limit: int) -> str:
    if not found.errors:
        return "No errors."
    total = f"{found.errors:,}" if found.is_all else f"the latest {found.errors:,}"
    said = f"{found.outermost:,} of {total} errors left the program's outermost recorded call"
    said += (
        "."
        if found.outermost == found.errors
        else ": these are listed first; the others were caught, or passed on to these."
    )
    return said if found.errors <= limit else f"{said} Use --limit to show more."


def _print_error(out: Console, call: ListedCall) -> None:
    _print(out, call, with_date=True)
    out.print(Text(f"trace {call.trace_id}  span {call.span_id}", "dim"))
    out.print(Text(visible(call.exception or "").rstrip()))
    out.print()


def expect_process(reader: Store, filters: Filters, note: Callable[[str], None] | None = None) -> None:
    """Check that calls of the requested process exist, to detect mistyped names.

    Args:
        reader: reader of the store.
        filters: filters that name a process.
        note: receives a message if there are none; None raises an error instead.

    Raises:
        NotFound: there are no such calls.
    """
    if reader.has_calls(filters):
        return
    said = f"No calls of {filters.process} were recorded; `obsv stats` lists the recorded processes."
    if note is None:
        raise NotFound(said)
    note(said)
