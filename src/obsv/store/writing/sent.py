"""The position up to which a store was sent to a receiver: a cursor in the file makes it the sender's spool."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from obsv.errors import StoreError
from obsv.store.file import explain, open_writer

_CACHE_KIB = 500
_READ = "select position, spans, rejected, begun_after from sent where target = ?"
_KEEP = """
insert into sent(target, position, spans, rejected, begun_after, updated_ns) values (?, ?, ?, ?, ?, ?)
on conflict(target) do update set position = excluded.position, spans = excluded.spans, rejected = excluded.rejected,
  begun_after = excluded.begun_after, updated_ns = excluded.updated_ns
"""


class Sent(NamedTuple):
    """The state of a receiver.

    Attributes:
        position: `id` of the last span that it accepted; the next ones have greater IDs.
        spans: number of spans that it accepted.
        rejected: number of those that it nevertheless rejected.
        begun_after: number of calls that the store had deleted when its cursor began.
    """

    position: int = 0
    spans: int = 0
    rejected: int = 0
    begun_after: int = 0


class SentBook:
    """The record of receivers. For one thread at a time.

    Args:
        path: the database file; it is created at the first use.
        busy_timeout_s: how long to wait for another process's lock, seconds.

    All methods raise `StoreError`s.
    """

    def __init__(self, path: str | Path, *, busy_timeout_s: float = 5.0) -> None:
        self._path = Path(path)
        self._busy_timeout_s = busy_timeout_s
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open or create the file now rather than at the first use."""
        self._connected()

    def read(self, target: str) -> Sent | None:
        """Read the state of a receiver; None if nothing was ever sent to it."""
        try:
            row = self._connected().execute(_READ, (target,)).fetchone()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        return Sent(*row) if row else None

    def keep(self, target: str, sent: Sent, now_ns: int) -> None:
        """Replace the state of a receiver; it is on disk when this returns."""
        try:
            self._connected().execute(_KEEP, (target, *sent, now_ns))
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_writer(self._path, self._busy_timeout_s, _CACHE_KIB)
        return self._connection

    def _failed(self, error: sqlite3.Error) -> StoreError:
        self.close()
        return explain(error, self._path)
