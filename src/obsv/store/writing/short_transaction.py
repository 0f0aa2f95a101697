"""A short write to the file beside the keeper's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.store.file import open_writer
from obsv.store.file.failures import explained

# As long as a writer may lock the file, seconds.
PATIENCE_S = 5.0
_CACHE_KIB = 500


@contextmanager
def short_transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, or create it, and commit everything that is written in the block, or nothing of it.

    Raises:
        StoreUnavailable: it stayed locked, or cannot be written.
        ForeignFile, NewerSchema: it is not a store of this version.
    """
    connection = open_writer(path, PATIENCE_S, _CACHE_KIB)
    try:
        with explained(path):
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
    finally:
        connection.close()
