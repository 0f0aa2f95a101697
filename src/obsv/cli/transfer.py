"""`obsv export` and `obsv import`: OTLP JSON, one request a line."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from obsv.analysis.markdown import visible_json
from obsv.capture import Redactor
from obsv.cli.common import say_at_once
from obsv.cli.output import json_line
from obsv.cold import open_whole
from obsv.config import settings_from
from obsv.errors import ConfigurationError
from obsv.nouns import are, counted
from obsv.otlp.transfer import MOST_UNREADABLE, export_since, export_trace, import_file
from obsv.own_files import PRIVATE
from obsv.privacy import chosen_mode, create_private
from obsv.since import since
from obsv.store.writing import Upkeep, Writer
from obsv.wire.rowmaker import RowMaker

# Imported calls may be older, or more, than the store's limits allow; only recording processes enforce the default age.
_UPKEEP_S = 60.0


def export(db: Path, output: TextIO, trace_id: str | None = None, since_text: str | None = None) -> int:
    """Write a trace, or all traces since a time, as text.

    Args:
        db: path of the store.
        output: file to write the lines to.
        trace_id: hex digits; None exports all traces.
        since_text: with all traces, the start as an age (`1h`) or a time.

    Returns:
        The number of requests written, one per line.

    Raises:
        NotFound: there is no such trace.
        InvalidQuery: the time cannot be parsed.
        StoreError: the store cannot be read.
    """
    start_ns = since(since_text, time.time_ns()) if since_text else 0
    reader = open_whole(db)
    written = 0
    try:
        for line in export_trace(reader, trace_id) if trace_id is not None else export_since(reader, start_ns):
            output.write(visible_json(line) + "\n")
            written += 1
    finally:
        reader.close()
    return written


def export_to(
    path: Path,
    db: Path,
    trace_id: str | None,
    since_text: str | None,
    as_json: bool,
    say: Callable[[str], None] = say_at_once,
) -> None:
    """Export into a file that is readable by its owner, or as `OBSV_FILE_MODE` says, and report it.

    Raises:
        ConfigurationError: the file cannot be written. Also raises the errors of `export`.
    """
    try:
        with open(create_private(path, chosen_mode() or PRIVATE), "w", encoding="utf-8") as output:
            requests = export(db, output, trace_id, since_text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}); choose another location.") from error
    say(
        json_line({"file": path, "requests": requests})
        if as_json
        else f"{path} written, {counted(requests, 'request')}"
    )


def import_(db: Path, path: Path, say: Callable[[str], None] = say_at_once, as_json: bool = False) -> bool:
    """Store the spans of a file.

    Args:
        db: path of the store; it is created if it does not exist.
        path: the file; gzip is recognized.
        say: receives the lines that report the result.
        as_json: whether to print one line of JSON.

    Returns:
        Whether the whole file could be read.

    Raises:
        ConfigurationError: the file cannot be opened.
        StoreError: the store cannot be written.
    """
    limits = settings_from({}).limit_changes()
    writer = Writer(db, busy_timeout_s=10.0)
    writer.open()
    try:
        if limits:
            writer.limit(**limits)
        done = import_file(path, writer, RowMaker(Redactor()))
        Upkeep(writer, by_default=False).finish(_UPKEEP_S)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    finally:
        writer.close()
    if as_json:
        say(json_line(done._asdict()))
        return not done.unreadable
    say(f"{counted(done.stored, 'span')} stored, {done.duplicates:,} already present, {done.rejected:,} rejected")
    if unreadable := len(done.unreadable):
        shown = ", ".join(map(str, done.unreadable[:10])) + (", …" if len(done.unreadable) > 10 else "")
        say(f"{counted(unreadable, 'line')} {are(unreadable)} not OTLP JSON, or too long: {shown}")
    if len(done.unreadable) >= MOST_UNREADABLE:
        say(f"Too many unreadable lines: the rest of {path} was skipped.")
    return not done.unreadable
