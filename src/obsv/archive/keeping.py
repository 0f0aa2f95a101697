"""Everything that an archive needs from time to time, in one run: new parts, merged parts, and deletion of old ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from obsv.archive.archiver import Archiver
from obsv.archive.schedule import HOT_NS, Window
from obsv.archive.target import open_target
from obsv.store.seam import open_store
from obsv.store.writing import ArchiveBook, ArchiveFacts, Writer


def archive_due(db: str | Path, book: ArchiveBook, facts: ArchiveFacts, clock: Callable[[], int] = time.time_ns) -> int:
    """Archive calls and log records that are older than retention keeps them; return the number of new parts.

    Args:
        db: path of the store.
        book: its catalog.
        facts: its archive.
        clock: Unix time in ns.

    Raises:
        ObsvError: the store or the archive is not available; what was archived so far stays archived.
    """
    writer = Writer(db, is_lean=True)
    try:
        hot_ns = writer.limits().max_age_ns or HOT_NS
    finally:
        writer.close()
    store, parts = open_store(db), 0
    try:
        archiver = Archiver(store, book, open_target(facts.url), Window(hot_ns, facts.keep_ns))
        while archiver.step(clock()) is not None:
            parts += 1
        archiver.expire(clock())
        archiver.compact(clock())
        archiver.remove_replaced(clock())
    finally:
        store.close()
    book.succeeded(clock())
    return parts
