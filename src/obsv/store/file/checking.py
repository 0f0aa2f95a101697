"""Whether a database file is whole, as a connection of its own sees it: nobody's cache hides what the disk holds."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from obsv.store.file.migrations import APPLICATION_ID
from obsv.working_directory import absolute

_CORRUPT = ("malformed", "not a database")
# A part of the file that is not there any more; the name came with Python 3.11.
_CUT_SHORT = "SQLITE_IOERR_SHORT_READ"
_HEADER = 100
_MARK_AT = 68  # where the header has the application's mark


def find_damage(path: Path, *, thorough: bool = False, patience_s: float = 1.0) -> str | None:
    """Return what is wrong with a file; None where nothing is, or where it cannot be looked at now.

    It takes 5 ms a megabyte of the processor, three times as much if it is thorough.

    Args:
        path: the file.
        thorough: also look for rows that an index lacks.
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
    """Whether SQLite failed for what the file holds: not for a lock, the disk, or what it was to do."""
    text = str(error).lower()
    if "json" in text:
        return False
    return any(words in text for words in _CORRUPT) or getattr(error, "sqlite_errorname", "") == _CUT_SHORT


def is_store(path: Path) -> bool:
    """Whether the header says that a file is ours, whatever the rest of it is.

    Only for a file that no connection of this process has open: closing it here would drop SQLite's locks.
    """
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER)
    except OSError:
        return False
    return header[_MARK_AT : _MARK_AT + 4] == APPLICATION_ID.to_bytes(4, "big")


def count_calls(path: Path) -> tuple[int, int] | None:
    """Return how many calls a file holds, and how many of them failed; None where that cannot be read."""
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
