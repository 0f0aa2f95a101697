"""Detection of writes to the file since the last look: 5 µs, whatever its size."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from obsv.errors import StoreError
from obsv.store.file import open_reader


class Changes:
    """A watcher of a database file, which may appear or be replaced meanwhile. For one thread.

    Args:
        path: the file.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[object, ...] | None = None

    def are_there(self) -> bool:
        """Return whether the file has changed since the last call; True for the first call."""
        seen = self._state()
        is_new, self._seen = seen is None or seen != self._seen, seen
        return is_new

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _state(self) -> tuple[object, ...] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            self.close()
            return (None,)
        file = status.st_dev, status.st_ino
        if self._seen is None or self._seen[:2] != file:
            self.close()
        try:
            if self._connection is None:
                self._connection = open_reader(self._path)
            (version,) = self._connection.execute("pragma data_version").fetchone()
        except (sqlite3.Error, StoreError):
            self.close()
            return None
        return (*file, version)
