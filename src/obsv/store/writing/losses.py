"""What a file held, and what is said in the next one when it is gone."""

from __future__ import annotations

import sqlite3
import time

from obsv.store.ground import Loss
from obsv.store.writing.cleaning import Cleaner

# Counting takes 13 ms a million calls: while others write too it may take this part of the time.
_COUNT_SHARE = 0.02
_COUNT_S = 1.0
_READ = "select at_ns, reason, put_aside, calls, errors from loss order by id"
_WRITE = """
insert into loss(at_ns, reason, put_aside, calls, errors)
select :at_ns, :reason, :put_aside, :calls, :errors
where not exists(select 1 from loss where at_ns = :at_ns and reason = :reason)
"""
# What another writer, who had less of it, has said of the same file.
_RAISE = """
update loss set calls = max(coalesce(calls, 0), coalesce(:calls, 0)),
  errors = max(coalesce(errors, 0), coalesce(:errors, 0)),
  reason = iif(put_aside is null, :reason, reason), put_aside = coalesce(put_aside, :put_aside)
where id = (select max(id) from loss where at_ns >= :since_ns)
"""


def read_losses(connection: sqlite3.Connection) -> list[Loss]:
    """Return what was lost before."""
    return [Loss(*row) for row in connection.execute(_READ)]


def write_losses(connection: sqlite3.Connection, losses: list[Loss]) -> None:
    """Say what was lost, once."""
    connection.executemany(_WRITE, [loss._asdict() for loss in losses])


def raise_loss(connection: sqlite3.Connection, loss: Loss, since_ns: int) -> bool:
    """Add to what another writer has said of the same file; False where none has since then."""
    return connection.execute(_RAISE, {**loss._asdict(), "since_ns": since_ns}).rowcount > 0


class Held:
    """How many calls a file holds, known also when it cannot be read any more.

    Args:
        connection: of a writer, just opened.
        cleaner: deletes calls from it.
    """

    def __init__(self, connection: sqlite3.Connection, cleaner: Cleaner) -> None:
        self._connection, self._cleaner = connection, cleaner
        self.count()

    @property
    def calls(self) -> int:
        """All calls, those of others as of the last count."""
        return self._calls - self._cleaner.deleted

    @property
    def errors(self) -> int:
        """Failed ones among them."""
        return self._errors - self._cleaner.deleted_errors

    def add(self, calls: int, errors: int) -> None:
        """Count calls that were stored."""
        self._calls += calls
        self._errors += errors

    def others_wrote(self) -> None:
        """Count anew, unless that was done just now."""
        if time.monotonic() >= self._next:
            self.count()

    def count(self) -> None:
        """Count all calls of the file."""
        began = time.monotonic()
        (calls,) = self._connection.execute("select count(*) from span").fetchone()
        (errors,) = self._connection.execute("select count(*) from span where status = 2").fetchone()
        self._calls = int(calls) + self._cleaner.deleted
        self._errors = int(errors) + self._cleaner.deleted_errors
        took_s = time.monotonic() - began
        self._next = began + max(_COUNT_S, took_s / _COUNT_SHARE)
