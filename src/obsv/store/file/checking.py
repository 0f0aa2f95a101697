"""Integrity of a database file, checked with a separate connection so that no cache hides the state on disk."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from obsv.store.file.migrations import APPLICATION_ID
from obsv.working_directory import absolute

_CORRUPT = ("malformed", "not a database")
# A part of the file is missing; the name was added in Python 3.11.
_CUT_SHORT = "SQLITE_IOERR_SHORT_READ"
_HEADER = 100
_MARK_AT = 68  # position of the application ID in the header


def find_damage(path: Path, *, thorough: bool = False, patience_s: float = 1.0) -> str | None:
    """Return the damage of a file; None if there is none, or if it cannot be checked at the moment.

    The check takes 5 ms of CPU time per megabyte, three times as much if it is thorough.

    Args:
        path: the file.
        thorough: whether to search for rows missing from an index.
        patience_s: how long to wait for another process's lock, seconds.
    """
    try:
        if os.stat(path).st_size == 0:
            return "it is empty"
    except OSError as error:
        return "it is gone" if isinstance(error, FileNotFoundError) else None
    try:
        with closing(_connected(path, patience_s)) as connection:
            pragma = "integrity_check(1)" if thorough else "quick_check(1)"
            found = str(connection.execute(f"pragma {pragma}").fetchone()[0])
    except sqlite3.Error as error:
        return str(error) if is_damage(error) else None
    return None if found == "ok" else " ".join(found.replace("*** in database main ***", "").split())


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether SQLite failed because of the file's content, not because of a lock, the disk, or the statement."""
    text = str(error).lower()
    if "json" in text:
        return False
    return any(words in text for words in _CORRUPT) or getattr(error, "sqlite_errorname", "") == _CUT_SHORT


def is_store(path: Path) -> bool:
    """Return whether the header says that a file is ours, whatever its content.

    Only for a file that no connection of this process has open: closing it here would release SQLite's locks.
    """
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER)
    except OSError:
        return False
    return header[_MARK_AT : _MARK_AT + 4] == APPLICATION_ID.to_bytes(4, "big")


def count_calls(path: Path) -> tuple[int, int] | None:
    """Return the numbers of calls and failed calls in a file; None if it cannot be read."""
    try:
        with closing(_connected(path, 0.1)) as connection:
            counts = connection.execute("select count(*), count(*) filter (where status = 2) from span").fetchone()
    except sqlite3.Error:
        return None
    return int(counts[0]), int(counts[1])


def _connected(path: Path, patience_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(absolute(str(path)))}?mode=ro", uri=True, timeout=patience_s)
    connection.execute("pragma cache_size = -4000")
    return connection
