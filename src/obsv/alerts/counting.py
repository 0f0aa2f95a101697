"""Counting of calls for service levels: each call once, because counts and cursors are saved in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from obsv.alerts.levels import Slo
from obsv.errors import InvalidQuery, QueryTimeout
from obsv.store.seam import Store
from obsv.store.watching import Book

logger = logging.getLogger("obsv")

# Batches of 100,000 calls: a backlog is worked off without delaying the rules.
_CHUNKS_A_STEP = 3


class Counting:
    """A counter that continues where the last step ended.

    Args:
        store: the store to count.
        book: where the counts are saved.
        owner: holder of the lease.
    """

    def __init__(self, store: Store, book: Book, owner: str) -> None:
        self._store, self._book, self._owner = store, book, owner
        self._cursors: dict[str, int] = {}
        self._wrong: set[str] = set()

    def load(self) -> None:
        """Continue where another process ended."""
        self._cursors = {}

    def step(self, slos: Sequence[Slo]) -> None:
        """Count what has arrived.

        Raises:
            LeaseLost: another process has taken over.
            StoreError: nothing was counted; the next step retries.
        """
        for slo in slos:
            try:
                self._count(slo)
            except (InvalidQuery, QueryTimeout) as error:
                if slo.cursor not in self._wrong:
                    self._wrong.add(slo.cursor)
                    logger.error("The service level %s cannot be counted: %s", slo.name, error)

    def _count(self, slo: Slo) -> None:
        if slo.cursor not in self._cursors:
            self._cursors[slo.cursor] = self._book.cursor(slo.cursor) or 0
        for _ in range(_CHUNKS_A_STEP):
            before = self._cursors[slo.cursor]
            found = self._store.count_level(slo.level, before)
            if found.upto == before:
                return
            self._book.add_level(self._owner, slo.name, slo.version, found.buckets, {slo.cursor: found.upto})
            self._cursors[slo.cursor] = found.upto
