"""What `sqlite3` raises, turned into obsv's errors with a message that says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.errors import ForeignFile, StoreError, StoreUnavailable

_CORRUPT = "is corrupt; move it away (sqlite3's .recover may save rows) and record anew"
# By text, not by code: Python 3.10 gives no error codes.
_ADVICE: tuple[tuple[str, type[StoreError], str], ...] = (
    ("locked", StoreUnavailable, "is locked by another program; it is tried again, or close what holds it"),
    ("busy", StoreUnavailable, "is locked by another program; it is tried again, or close what holds it"),
    ("readonly", StoreUnavailable, "is read-only; make the file and its directory writable, or set OBSV_DB elsewhere"),
    ("is full", StoreUnavailable, "cannot grow, the disk is full; free some space, or set OBSV_DB to another disk"),
    ("unable to open", StoreUnavailable, "cannot be opened; check that its directory exists and may be written"),
    ("disk i/o", StoreUnavailable, "cannot be read or written (I/O error); check the disk and its free space"),
    ("not a database", ForeignFile, "is not an obsv store; move the file away, or set OBSV_DB to another path"),
    # Not any "malformed": SQLite says so of the JSON in a user's own query, too.
    ("image is malformed", ForeignFile, _CORRUPT),
    (
        "malformed database schema",
        ForeignFile,
        _CORRUPT,
    ),
)


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """The error of obsv for an error of SQLite; anything unknown is `StoreUnavailable` with SQLite's own words."""
    return about_the_file(error, path) or StoreUnavailable(f"{path}: {error}")


def about_the_file(error: sqlite3.Error, path: Path) -> StoreError | None:
    """The error of obsv for an error of SQLite that is known to be about the file; None for any other."""
    text = str(error).lower()
    for words, kind, advice in _ADVICE:
        if words in text:
            return kind(f"{path} {advice} ({error})")
    return None


def is_about_the_file(error: sqlite3.Error) -> bool:
    """Whether SQLite failed for the file, not for what it was to do."""
    return about_the_file(error, Path()) is not None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raises the errors of SQLite inside as `StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
