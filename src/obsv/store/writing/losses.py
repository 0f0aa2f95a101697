"""The content of a lost file, and its record in the next one."""

from __future__ import annotations

import sqlite3
import time

from obsv.store.ground import Loss
from obsv.store.writing.keeping.cleaning import Cleaner

# Counting takes 13 ms per million calls: while others write too, it may take this share of the time.
_COUNT_SHARE = 0.02
_COUNT_S = 1.0
_READ = "select at_ns, reason, put_aside, calls, errors from loss order by id"
_WRITE = """
insert into loss(at_ns, reason, put_aside, calls, errors)
select :at_ns, :reason, :put_aside, :calls, :errors
where not exists(select 1 from loss where at_ns = :at_ns and reason = :reason)
"""
# Added to what another writer, which knew less, has recorded about the same file.
_RAISE = """
update loss set calls = max(coalesce(calls, 0), coalesce(:calls, 0)),
  errors = max(coalesce(errors, 0), coalesce(:errors, 0)),
  reason = iif(put_aside is null, :reason, reason), put_aside = coalesce(put_aside, :put_aside)
where id = (select max(id) from loss where at_ns >= :since_ns)
"""


def read_losses(connection: sqlite3.Connection) -> list[Loss]:
    """Return earlier losses."""
    return [Loss(*row) for row in connection.execute(_READ)]


def write_losses(connection: sqlite3.Connection, losses: list[Loss]) -> None:
    """Record losses, each once."""
    connection.executemany(_WRITE, [loss._asdict() for loss in losses])


def raise_loss(connection: sqlite3.Connection, loss: Loss, since_ns: int) -> bool:
    """Add to what another writer has recorded about the same file; return False if none has since then."""
    return connection.execute(_RAISE, {**loss._asdict(), "since_ns": since_ns}).rowcount > 0


class Held:
    """The number of calls in a file, known even when it can no longer be read.

    Args:
        connection: connection of a new writer.
        cleaner: deletes calls from it.
    """

    def __init__(self, connection: sqlite3.Connection, cleaner: Cleaner) -> None:
        self._connection, self._cleaner = connection, cleaner
        self.count()

    @property
    def calls(self) -> int:
        """Return the number of all calls; those of other writers as of the last count."""
        return self._calls - self._cleaner.deleted

    @property
    def errors(self) -> int:
        """Return the number of failed calls among them."""
        return self._errors - self._cleaner.deleted_errors

    def add(self, calls: int, errors: int) -> None:
        """Add stored calls."""
        self._calls += calls
        self._errors += errors

    def others_wrote(self) -> None:
        """Count again, unless that was done recently."""
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
