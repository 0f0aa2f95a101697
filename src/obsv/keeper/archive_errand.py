"""Archiving, as a child process of a keeper or a server: archives what is due."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from obsv.errors import ObsvError
from obsv.own_time import unix_ns
from obsv.store.writing import ArchiveBook

# Recorded programs come first.
_NICENESS = 10


def main(db: str) -> int:
    """Archive what is due; return the exit status."""
    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    try:
        _archive(db)
    except ObsvError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _archive(db: str) -> None:
    book = ArchiveBook(db)
    try:
        facts = book.facts()
        if facts is None:
            return
        try:
            from obsv.archive import archive_due
        except ModuleNotFoundError as error:
            raise ObsvError("An archive needs an extra package: pip install 'obsv[archive]'.") from error
        archive_due(db, book, facts)
    except ObsvError as error:
        with suppress(ObsvError):  # of the database itself: then there is nowhere to note it
            book.failed(str(error), unix_ns())
        raise
    finally:
        book.close()
