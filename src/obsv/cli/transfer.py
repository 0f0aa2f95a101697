"""`obsv export` and `obsv import`: OTLP JSON, one request a line."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from obsv.analysis.markdown import visible_json
from obsv.capture import Redactor
from obsv.cli.common import say_at_once
from obsv.cli.output import json_line
from obsv.errors import ConfigurationError
from obsv.otlp.transfer import MOST_UNREADABLE, export_since, export_trace, import_file
from obsv.privacy import PRIVATE, chosen_mode, create_private
from obsv.since import since
from obsv.store.seam import open_store
from obsv.store.writing import Upkeep, Writer
from obsv.wire.rowmaker import RowMaker

# What is imported may be older, or more, than the store was told to keep; the default age is left to who records.
_UPKEEP_S = 60.0


def export(db: Path, output: TextIO, trace_id: str | None = None, since_text: str | None = None) -> int:
    """Write a trace, or everything since a time, as text.

    Args:
        db: path of the store.
        output: where the lines go.
        trace_id: hex digits; None exports all traces.
        since_text: of all traces, an age (`1h`) or an instant from which on.

    Returns:
        how many requests were written, one a line.

    Raises:
        NotFound: no such trace.
        InvalidQuery: the time cannot be read.
        StoreError: the store cannot be read.
    """
    start_ns = since(since_text, time.time_ns()) if since_text else 0
    reader = open_store(db)
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
    """Write them into a file that only its owner may read, or whom `OBSV_FILE_MODE` says, and say so.

    Raises:
        ConfigurationError: the file cannot be written; and what `export` raises.
    """
    try:
        with open(create_private(path, chosen_mode() or PRIVATE), "w", encoding="utf-8") as output:
            requests = export(db, output, trace_id, since_text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}); choose another place.") from error
    say(json_line({"file": path, "requests": requests}) if as_json else f"{path} written, {requests:,} requests")


def import_(db: Path, path: Path, say: Callable[[str], None] = say_at_once, as_json: bool = False) -> bool:
    """Store the spans of a file.

    Args:
        db: path of the store; it is made if it does not exist.
        path: the file; gzip is recognized.
        say: takes the lines that say what came of it.
        as_json: whether that is one line of JSON.

    Returns:
        Whether all of the file could be read.

    Raises:
        ConfigurationError: the file cannot be opened.
        StoreError: the store cannot be written.
    """
    writer = Writer(db, busy_timeout_s=10.0)
    writer.open()
    try:
        done = import_file(path, writer, RowMaker(Redactor()))
        Upkeep(writer, by_default=False).finish(_UPKEEP_S)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    finally:
        writer.close()
    if as_json:
        say(json_line(done._asdict()))
        return not done.unreadable
    say(f"{done.stored:,} spans stored, {done.duplicates:,} were there already, {done.rejected:,} rejected")
    if done.unreadable:
        shown = ", ".join(map(str, done.unreadable[:10])) + (", …" if len(done.unreadable) > 10 else "")
        say(f"{len(done.unreadable):,} lines are no OTLP JSON, or too long: {shown}")
    if len(done.unreadable) >= MOST_UNREADABLE:
        say(f"After so many of them the rest of {path} was not read.")
    return not done.unreadable
