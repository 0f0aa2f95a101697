"""`obsv archive …`: calls older than the retention period, in a directory or an object store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from obsv.analysis.durations import duration
from obsv.archive import Archiver, Target, Targets, are_in, open_target, thaw, window_of
from obsv.cli.common import complain, say_at_once
from obsv.cli.output import json_line
from obsv.errors import ConfigurationError
from obsv.nouns import are, counted
from obsv.since import since
from obsv.store.figures import ArchiveState
from obsv.store.ground import HOUR_NS
from obsv.store.seam import SQLiteStore, open_store
from obsv.store.writing import ArchiveBook, ArchiveFacts, Waiting, Writer
from obsv.times import iso

Say = Callable[[str], None]

_NO_ARCHIVE = "No archive is configured: name one with --to or OBSV_ARCHIVE, such as file:///srv/obsv."


class _Opened(NamedTuple):
    store: SQLiteStore
    book: ArchiveBook
    target: Target


def status(db: Path, as_json: bool, say: Say = say_at_once) -> None:
    """Report what is archived and what is waiting.

    Raises:
        StoreError: the store cannot be read.
    """
    store, book = open_store(db), ArchiveBook(db)
    try:
        waiting, state = book.waiting(), store.read_archive()
    finally:
        book.close()
        store.close()
    if as_json:
        say(json_line(_as_json(state, waiting)))
        return
    for line in _lines(state, waiting, time.time_ns()):
        say(line)


def _as_json(state: ArchiveState | None, waiting: Waiting) -> dict[str, object]:
    def instant(time_ns: int | None) -> str | None:
        return None if time_ns is None else iso(time_ns)

    return {
        "archive": state.url if state else None,
        "parts": state.parts if state else 0,
        "calls": state.calls if state else 0,
        "log_records": state.logs if state else 0,
        "decisions": state.decisions if state else 0,
        "outcomes": state.outcomes if state else 0,
        "errors": state.errors if state else 0,
        "bytes": state.bytes if state else 0,
        "from": instant(state.from_ns if state else None),
        "to": instant(state.to_ns if state else None),
        "waiting": waiting.calls,
        "unarchived": waiting.unarchived,
        "last_success": instant(state.reached_ns if state else None),
        "failing_since": instant(state.failing_ns if state else None),
        "failure": state.failure if state and state.failing_ns is not None else None,
    }


def _lines(state: ArchiveState | None, waiting: Waiting, now_ns: int) -> Iterator[str]:
    if state is None or state.url is None:
        yield "No archive is configured: run `obsv archive now --to URL`, or set OBSV_ARCHIVE."
    else:
        kept = "everything" if state.keep_ns is None else f"{state.keep_ns / (24 * HOUR_NS):,.4g} days"
        yield f"Archive: {state.url}, keeps {kept}"
    if state is None:
        return
    if state.failing_ns is not None:
        yield f"Failing for {duration(now_ns - state.failing_ns)}: {state.failure}"
    if state.parts:
        per_call = f", {state.bytes / state.calls:.0f} bytes per call" if state.calls else ""
        counts = {"log records": state.logs, "decisions": state.decisions, "outcomes": state.outcomes}
        more = "".join(f", {count:,} {name}" for name, count in counts.items() if count)
        held = f"{counted(state.calls, 'call')}{more} in {counted(state.parts, 'part')}"
        yield f"{held}, {state.bytes / 1e6:,.1f} MB{per_call}"
        yield f"from {iso(state.from_ns or 0)} to {iso(state.to_ns or 0)}"
    if state.url is not None:
        lag = f", the oldest {duration(now_ns - waiting.oldest_ns)} old" if waiting.oldest_ns else ""
        yield f"{counted(waiting.calls, 'call')} {are(waiting.calls)} only in the database{lag}"
    if waiting.unarchived:
        yield (
            f"{waiting.unarchived:,} calls, log records, decisions and outcomes were deleted before they were "
            "archived, because the database had reached its size limit"
        )


def now(db: Path, to: str | None, older_than: str, whole_hours: bool, as_json: bool, say: Say = say_at_once) -> None:
    """Archive calls that are old enough.

    Args:
        db: path of the store.
        to: URL of the archive; None uses the one in the store or in `OBSV_ARCHIVE`.
        older_than: an age, such as `6h`.
        whole_hours: skip the current, incomplete hour.
        as_json: whether to print JSON.
        say: receives the line that reports what was done.

    Raises:
        ConfigurationError: there is no archive, or its address is invalid, or parts are at another one.
        StoreError: the store or the archive is not available; calls archived so far stay archived.
    """
    now_ns = time.time_ns()
    calls = size = parts = 0
    with _opened(db, to) as opened:
        facts = _open_archive(opened, now_ns)
        window = window_of(db, facts, now_ns - since(older_than, now_ns))
        archiver = Archiver(opened.store, opened.book, opened.target, window)
        while (part := archiver.step(now_ns, not whole_hours)) is not None:
            calls, size, parts = calls + part.calls, size + part.size, parts + 1
        forgotten = archiver.expire(now_ns)
        archiver.compact(now_ns)
        archiver.remove_replaced(now_ns)
        url = opened.target.url
    if as_json:
        say(json_line({"archive": url, "calls": calls, "bytes": size, "parts": parts, "forgotten": forgotten}))
    else:
        say(f"{calls:,} calls and log records archived in {url}, {counted(parts, 'part')}, {size / 1e6:,.1f} MB")


def _open_archive(opened: _Opened, now_ns: int) -> ArchiveFacts:
    url, parts = opened.target.url, opened.book.parts()
    has_moved = any(part.url != url for part in parts) and are_in(opened.target, parts)
    return opened.book.open(url, now_ns, has_moved=has_moved)


def verify(db: Path, as_json: bool, say: Say = say_at_once) -> bool:
    """Read every part and compare it with the catalog; return False if one is missing or damaged.

    Raises:
        ConfigurationError: there is no archive.
        StoreError: the store or the archive is not available.
    """
    with _opened(db, None) as opened:
        found = Archiver(opened.store, opened.book, opened.target).verify()
    if as_json:
        say(json_line(found._asdict()))
        return found.is_whole
    say(f"{counted(found.parts, 'part')} with {found.calls:,} calls and log records are intact")
    for word, names in (("missing", found.missing), ("damaged", found.damaged)):
        for name in names:
            complain(f"{word}: {name}")
    if found.strays:
        complain(
            f"{counted(len(found.strays), 'file')} {are(len(found.strays))} not in the catalog: a writer was "
            "interrupted; their calls are stored elsewhere"
        )
    return found.is_whole


def restore(
    db: Path, since_text: str | None, until_text: str | None, output: Path, as_json: bool, say: Say = say_at_once
) -> None:
    """Restore archived calls into a separate database, which every command and the app can read.

    Args:
        db: path of the store whose archive it is.
        since_text: the start; None for the beginning.
        until_text: the end; None for the latest.
        output: the file; its existing calls stay.
        as_json: whether to print JSON.
        say: receives the line that reports what was done.

    Raises:
        ConfigurationError: there is no archive.
        ForeignFile: a part is missing or damaged.
        StoreError: the store, the archive or the file is not available.
    """
    now_ns = time.time_ns()
    start_ns = since(since_text, now_ns) if since_text else 0
    end_ns = since(until_text, now_ns) if until_text else 2**63 - 1
    book, writer = ArchiveBook(db), Writer(output)
    try:
        parts = book.parts(start_ns, end_ns)
        if not parts and book.facts() is None:
            raise ConfigurationError(_NO_ARCHIVE)
        # Retention by age would delete all of it immediately.
        writer.limit(max_age_ns=None)
        calls = thaw(parts, Targets(), writer, start_ns, end_ns)
    finally:
        writer.close()
        book.close()
    if as_json:
        say(json_line({"calls": calls, "file": output}))
    else:
        say(f"{calls:,} calls restored into {output}; view them with: obsv serve --db {output}")


def off(db: Path, say: Say = say_at_once) -> None:
    """Stop archiving; archived parts stay.

    Raises:
        StoreError: the store cannot be written.
    """
    book = ArchiveBook(db)
    try:
        book.close_archive()
    finally:
        book.close()
    say("Archiving is off. Archived parts stay in place, and their catalog stays in the database.")


@contextmanager
def _opened(db: Path, to: str | None) -> Iterator[_Opened]:
    book = ArchiveBook(db)
    store = open_store(db)
    try:
        known = book.facts()
        url = to or os.environ.get("OBSV_ARCHIVE") or (known.url if known else None)
        if url is None:
            raise ConfigurationError(_NO_ARCHIVE)
        yield _Opened(store, book, open_target(url))
    finally:
        store.close()
        book.close()
