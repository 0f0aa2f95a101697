"""Conversion of `sqlite3` errors to obsv's errors, with messages that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.errors import ForeignFile, StoreError, StoreUnavailable

_CORRUPT = "is corrupt; move it away (sqlite3's .recover may save rows) and record again"
# By text, not by code: Python 3.10 has no error codes.
_ADVICE: tuple[tuple[str, type[StoreError], str], ...] = (
    ("locked", StoreUnavailable, "is locked by another program; obsv retries, or close the other program"),
    ("busy", StoreUnavailable, "is locked by another program; obsv retries, or close the other program"),
    (
        "readonly",
        StoreUnavailable,
        "is read-only; make the file and its directory writable, or set OBSV_DB to another path",
    ),
    (
        "is full",
        StoreUnavailable,
        "cannot grow because the disk is full; free some space, or set OBSV_DB to another disk",
    ),
    ("unable to open", StoreUnavailable, "cannot be opened; check that its directory exists and is writable"),
    ("disk i/o", StoreUnavailable, "cannot be read or written (I/O error); check the disk and its free space"),
    ("not a database", ForeignFile, "is not an obsv database; move the file away, or set OBSV_DB to another path"),
    # Not every "malformed": SQLite also says that about JSON in a user's query.
    ("image is malformed", ForeignFile, _CORRUPT),
    (
        "malformed database schema",
        ForeignFile,
        _CORRUPT,
    ),
)


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """Return obsv's error for an SQLite error; an unknown one is `StoreUnavailable` with SQLite's own words."""
    return about_the_file(error, path) or StoreUnavailable(f"{path}: {error}")


def about_the_file(error: sqlite3.Error, path: Path) -> StoreError | None:
    """Return obsv's error for an SQLite error that is known to concern the file; None for any other."""
    text = str(error).lower()
    for words, kind, advice in _ADVICE:
        if words in text:
            return kind(f"{path} {advice} ({error})")
    return None


def is_about_the_file(error: sqlite3.Error) -> bool:
    """Return whether SQLite failed because of the file, not because of the statement."""
    return about_the_file(error, Path()) is not None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise SQLite errors in the block as `StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
