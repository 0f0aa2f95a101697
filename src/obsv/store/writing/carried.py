"""What a writer takes along into the file that takes the place of a lost one."""

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
_PROGRESS = """
insert into spill_progress(path, position, updated_ns) values (?, ?, ?)
on conflict(path) do update set position = excluded.position, updated_ns = excluded.updated_ns
"""

_IS_NEW = """
select not exists(select 1 from span) and not exists(select 1 from setting) and not exists(select 1 from loss)
"""


class Untold(NamedTuple):
    """A loss that no file says so far.

    Args:
        carried: what was known of the lost file.
        loss: what is to be said.
        since_ns: another writer may have said so after this moment, Unix time.
    """

    carried: Carried
    loss: Loss
    since_ns: int


class Carried:
    """The limits, what was lost before, and how far is stored what programs wrote: it must not be stored once more.

    Args:
        connection: of a writer, just opened; None for a file that could not be opened.
    """

    def __init__(self, connection: sqlite3.Connection | None = None) -> None:
        self.losses = read_losses(connection) if connection else []
        self.settings = _settings(connection) if connection else {}
        self._rings: dict[str, RingProgress] = {}
        self._spills: dict[str, int] = {}

    def save(
        self,
        connection: sqlite3.Connection,
        rings: Sequence[RingProgress],
        spill: tuple[str, int] | None,
        now_ns: int,
    ) -> None:
        """Store how far rings and a spill file are, in the transaction that is open."""
        for ring in rings:
            connection.execute(_RING, (*ring, now_ns))
        if spill is not None:
            connection.execute(_PROGRESS, (*spill, now_ns))

    def remember(self, rings: Sequence[RingProgress], spill: tuple[str, int] | None) -> None:
        """Remember what has been committed."""
        for ring in rings:
            self._latest(ring)
        if spill is not None:
            self._spills[spill[0]] = spill[1]

    def ring(self, connection: sqlite3.Connection, name: str) -> RingProgress | None:
        """Return how far a ring is stored."""
        row = connection.execute(_RING_STORED, (name,)).fetchone()
        if row is None:
            return None
        return self._latest(RingProgress(*row))

    def forget_ring(self, connection: sqlite3.Connection, name: str) -> None:
        """Forget a ring: it is gone."""
        self._rings.pop(name, None)
        connection.execute("delete from ring where ring = ?", (name,))

    def spill(self, connection: sqlite3.Connection, path: str) -> int:
        """Return how far a spill file has been replayed; 0 where nothing of it was."""
        row = connection.execute("select position from spill_progress where path = ?", (path,)).fetchone()
        return int(row[0]) if row else 0

    def forget_spill(self, connection: sqlite3.Connection, path: str) -> None:
        """Forget a spill file: it is gone."""
        self._spills.pop(path, None)
        connection.execute("delete from spill_progress where path = ?", (path,))

    def take(self, connection: sqlite3.Connection, untold: Sequence[Untold]) -> None:
        """Take over what writers knew of the files before this one, and store it."""
        for carried, loss, since_ns in untold:
            carried._unload(connection, loss, since_ns)
            self._rings.update(carried._rings)
            self._spills.update(carried._spills)
        if untold:
            self.losses = read_losses(connection)
            self.settings = _settings(connection)

    def _unload(self, connection: sqlite3.Connection, loss: Loss, since_ns: int) -> None:
        """Store it in the file that stands there now, with one loss more: a new one, or another store.

        Args:
            connection: to that file.
            loss: of the file before.
            since_ns: another writer may have said so after this moment, Unix time.
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
            self.save(connection, list(self._rings.values()), None, now_ns)
            for spill in self._spills.items():
                self.save(connection, (), spill, now_ns)
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
