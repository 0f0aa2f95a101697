"""Data that a writer carries over into the file that replaces a lost one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from obsv.store.file import change_settings, read_settings
from obsv.store.ground import Loss, RingProgress
from obsv.store.writing.losses import raise_loss, read_losses, write_losses

_RING = """
insert into ring(ring, calls, errors, stored, unreadable, open_at, open, updated_ns) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict(ring) do update set calls = excluded.calls, errors = excluded.errors, stored = excluded.stored,
  unreadable = excluded.unreadable, open_at = coalesce(excluded.open_at, open_at),
  open = coalesce(excluded.open, open), updated_ns = excluded.updated_ns
"""
_RING_STORED = "select ring, calls, errors, stored, unreadable, open_at, open from ring where ring = ?"

_IS_NEW = """
select not exists(select 1 from span) and not exists(select 1 from setting) and not exists(select 1 from loss)
"""


class Untold(NamedTuple):
    """A loss that no file records yet.

    Args:
        carried: the data of the lost file.
        loss: the loss to record.
        since_ns: another writer may have recorded it after this moment, Unix time.
    """

    carried: Carried
    loss: Loss
    since_ns: int


class Carried:
    """The limits, earlier losses, and read positions of programs' records, which must not be stored twice.

    Args:
        connection: connection of a new writer; None for a file that could not be opened.
    """

    def __init__(self, connection: sqlite3.Connection | None = None) -> None:
        self.losses = read_losses(connection) if connection else []
        self.settings = _settings(connection) if connection else {}
        self._rings: dict[str, RingProgress] = {}

    def save(self, connection: sqlite3.Connection, rings: Sequence[RingProgress], now_ns: int) -> None:
        """Store the positions of rings, in the open transaction."""
        for ring in rings:
            connection.execute(_RING, (*ring, now_ns))

    def remember(self, rings: Sequence[RingProgress]) -> None:
        """Remember what has been committed."""
        for ring in rings:
            self._latest(ring)

    def ring(self, connection: sqlite3.Connection, name: str) -> RingProgress | None:
        """Return the position of a ring."""
        row = connection.execute(_RING_STORED, (name,)).fetchone()
        if row is None:
            return None
        return self._latest(RingProgress(*row))

    def forget_ring(self, connection: sqlite3.Connection, name: str) -> None:
        """Forget a ring that was removed."""
        self._rings.pop(name, None)
        connection.execute("delete from ring where ring = ?", (name,))

    def take(self, connection: sqlite3.Connection, untold: Sequence[Untold]) -> None:
        """Take over the writers' data of earlier files, and store it."""
        for carried, loss, since_ns in untold:
            carried._unload(connection, loss, since_ns)
            self._rings.update(carried._rings)
        if untold:
            self.losses = read_losses(connection)
            self.settings = _settings(connection)

    def _unload(self, connection: sqlite3.Connection, loss: Loss, since_ns: int) -> None:
        """Store the data in the current file, with one more loss; the file is new, or another store.

        Args:
            connection: connection to that file.
            loss: loss of the previous file.
            since_ns: another writer may have recorded it after this moment, Unix time.
        """
        now_ns = loss.at_ns
        connection.execute("begin immediate")
        try:
            is_new = bool(connection.execute(_IS_NEW).fetchone()[0])
            if is_new:
                change_settings(connection, self.settings, now_ns)
            write_losses(connection, self.losses)
            if not raise_loss(connection, loss, since_ns):
                write_losses(connection, [loss])
            self.save(connection, list(self._rings.values()), now_ns)
            connection.execute("commit")
        except BaseException:
            connection.rollback()
            raise

    def _latest(self, ring: RingProgress) -> RingProgress:
        known = self._rings.get(ring.ring)
        if ring.open_at is None and known is not None:
            ring = ring._replace(open_at=known.open_at, open=known.open)
        self._rings[ring.ring] = ring
        return ring


def _settings(connection: sqlite3.Connection) -> dict[str, int | None]:
    return read_settings(lambda sql: connection.execute(sql).fetchall())
