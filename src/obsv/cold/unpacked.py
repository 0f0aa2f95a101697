"""Kept traces as temporary stores: the latest that were asked for, removed with their process."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.store.seam import SQLiteStore, open_store
from obsv.store.writing import unpack
from obsv.temporary import make_temporary

# A trace of 36,000 calls takes 16 MB.
MOST_STORES = 8

Key = tuple[str, int]


class Unpacked:
    """The temporary stores of kept traces of one process. Any number of threads may use them.

    Args:
        db: the database that they are kept in.
        steps: how many removals on request it had seen when this began.
    """

    def __init__(self, db: Path, steps: int) -> None:
        self._db, self.steps = db, steps
        self._lock = threading.RLock()  # guards all below
        self._stores: OrderedDict[Key, SQLiteStore] = OrderedDict()
        self._directory: Path | None = None
        self._readers = self._made = 0
        self._is_closed = False

    @contextmanager
    def reading(self, key: Key, content: Callable[[], bytes | None]) -> Iterator[SQLiteStore | None]:
        """Give the store of a kept trace, which stays until the end; None where it is kept no longer.

        Args:
            key: the trace, and when it was kept.
            content: returns its packed calls.
        """
        with self._lock:
            store = self._stores.get(key) or self._unpack(key, content())
            self._readers += 1
        try:
            yield store
        finally:
            with self._lock:
                self._readers -= 1
                self._shrink()

    def close(self) -> None:
        """Remove all, when nobody reads them any more."""
        with self._lock:
            self._is_closed = True
            self._shrink()

    def _unpack(self, key: Key, content: bytes | None) -> SQLiteStore | None:
        if content is None:
            return None
        if self._directory is None:
            self._directory = make_temporary(self._db)
        self._made += 1
        file = self._directory / f"{self._made}.db"
        unpack(content, file)
        self._stores[key] = open_store(file)
        return self._stores[key]

    def _shrink(self) -> None:
        if self._readers:
            return
        while len(self._stores) > (0 if self._is_closed else MOST_STORES):
            _, store = self._stores.popitem(last=False)
            store.close()
            for suffix in ("", "-wal", "-shm"):
                Path(store.name + suffix).unlink(missing_ok=True)
        if self._is_closed and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
