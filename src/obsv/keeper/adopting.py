"""Taking over of settings that programs wish into the database."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from obsv.errors import ConfigurationError
from obsv.keeper.files import KeeperFiles
from obsv.keeper.wishes import take_wishes
from obsv.own_time import unix_ns
from obsv.store.writing import ArchiveBook, Writer

logger = logging.getLogger("obsv")

_LIMITS = ("max_age_ns", "max_bytes", "decision_age_ns")


def adopt_limits(files: KeeperFiles, wishes: Mapping[str, Any], writer: Writer) -> None:
    """Take over the limits that programs wish into the database.

    Raises:
        StoreError: the database cannot be written; the wishes stay.
    """
    mine = {name: wishes[name] for name in _LIMITS if name in wishes}
    if not mine:
        return
    writer.limit(**{name: most for name, most in mine.items() if most is None or (isinstance(most, int) and most > 0)})
    take_wishes(files, mine)


def adopt(files: KeeperFiles, wishes: Mapping[str, Any]) -> None:
    """Take over the archive that programs wish into the database.

    Raises:
        StoreError: the database cannot be written; the wishes stay.
    """
    mine = {name: wishes[name] for name in ("archive", "archive_retention_ns") if name in wishes}
    if not mine:
        return
    url, keep_ns = mine.get("archive"), mine.get("archive_retention_ns")
    book = ArchiveBook(files.db)
    try:
        if isinstance(url, str):
            _open(book, url)
        elif "archive" in mine:
            book.close_archive()
        if "archive_retention_ns" in mine and (keep_ns is None or isinstance(keep_ns, int)):
            book.keep(keep_ns)
    finally:
        book.close()
    take_wishes(files, mine)


def _open(book: ArchiveBook, url: str) -> None:
    try:
        book.open(url, unix_ns())
    except ConfigurationError as error:
        # Left where it is, the wish would be refused again and again, and nothing be deleted by age meanwhile.
        logger.warning("The archive was not set, and stays what it was: %s", error)
