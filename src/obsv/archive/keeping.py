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
    """Archive rows that are older than retention keeps them; return the number of new parts.

    Args:
        db: path of the store.
        book: its catalog.
        facts: its archive.
        clock: Unix time in ns.

    Raises:
        ObsvError: the store or the archive is not available; what was archived so far stays archived.
    """
    window, store, parts = window_of(db, facts), open_store(db), 0
    try:
        archiver = Archiver(store, book, open_target(facts.url), window)
        while archiver.step(clock()) is not None:
            parts += 1
        archiver.expire(clock())
        archiver.compact(clock())
        archiver.remove_replaced(clock())
    finally:
        store.close()
    book.succeeded(clock())
    return parts


def window_of(db: str | Path, facts: ArchiveFacts, hot_ns: int | None = None) -> Window:
    """Return the ages by which a store is archived.

    Args:
        db: path of the store.
        facts: its archive.
        hot_ns: age from which on calls and log records are archived; None: when retention deletes them.
    """
    writer = Writer(db, is_lean=True)
    try:
        limits = writer.limits()
    finally:
        writer.close()
    decided_ns = limits.decision_age_ns
    return Window(hot_ns or limits.max_age_ns or HOT_NS, facts.keep_ns, decided_ns or 0, decided_ns)
