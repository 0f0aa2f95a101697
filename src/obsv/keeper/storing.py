"""The last step: a batch of rows and the positions of their rings, in one transaction, retried until it is stored."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from obsv.errors import StoreError
from obsv.keeper.recording import Recording
from obsv.own_time import monotonic
from obsv.store import SpanRow, Writer
from obsv.store.file import is_about_the_file
from obsv.store.ground import LogRow, RingProgress
from obsv.trace.notices import Notices

logger = logging.getLogger("obsv")


class Mark(NamedTuple):
    """The ring of a batch, its read position, and whether its program may still write."""

    recording: Recording
    progress: RingProgress
    is_alive: bool


class Storing:
    """A writer of batches. A batch that cannot be written is kept and retried before any other.

    Args:
        writer: writer of the database.

    Attributes:
        failed: number of batches that could not be written at the first attempt.
        batch_size, batch_s: number of rows in the last batch, and time to write it, in seconds.
        lost: number of rows that the store rejects permanently.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._batch: tuple[list[SpanRow], list[LogRow], list[Mark]] | None = None
        self._notices = Notices()
        self.failed = self.batch_size = self.lost = 0
        self.batch_s = 0.0

    @property
    def is_waiting(self) -> bool:
        """Return whether a batch has not been stored yet."""
        return self._batch is not None

    def progress(self, ring: str) -> RingProgress | None:
        """Return the stored position of a ring.

        Raises:
            StoreError: the database cannot be read at the moment.
        """
        return self._writer.ring(ring)

    def write(self, rows: list[SpanRow], read: Sequence[tuple[Recording, bool]], logs: Sequence[LogRow] = ()) -> None:
        """Store a batch.

        Args:
            rows, logs: of these rings.
            read: the rings, and whether their programs may still write.

        Raises:
            StoreError: the database cannot be written now; the batch is kept.
        """
        self._batch = rows, list(logs), [Mark(recording, recording.progress, is_alive) for recording, is_alive in read]
        try:
            self.retry()
        except StoreError:
            self.failed += 1
            raise

    def retry(self) -> bool:
        """Store the waiting batch; return False if there is none.

        Raises:
            StoreError: see `write`.
        """
        if self._batch is None:
            return False
        rows, logs, marks = self._batch
        # Records of calls that have only begun are not stored, so their position is not committed.
        changed = [mark.progress for mark in marks if rows or logs or mark.progress.open_at is not None]
        if changed:
            began = monotonic()
            self._store(rows, logs, changed)
            self.batch_size, self.batch_s = len(rows) + len(logs), monotonic() - began
            if self._notices.over("store"):
                logger.warning("The database can be written again.")
        self._batch = None
        for mark in marks:
            mark.recording.committed(mark.progress, is_alive=mark.is_alive)
        return True

    def forget(self, ring: str) -> None:
        """Forget a ring that has been stored and removed.

        Raises:
            StoreError: the database cannot be written at the moment.
        """
        self._writer.forget_ring(ring)

    def complain(self, error: Exception) -> None:
        """Log once per episode that nothing can be stored."""
        self._notices.once("store", logging.ERROR, "Calls are recorded and will be stored later: %s", error)

    def _store(self, rows: list[SpanRow], logs: list[LogRow], progress: list[RingProgress]) -> None:
        try:
            self._writer.write(rows, progress, logs)
        except StoreError as error:
            if (
                not (rows or logs)
                or not isinstance(error.__cause__, sqlite3.Error)
                or is_about_the_file(error.__cause__)
            ):
                raise
            self._store_each(rows, logs, progress)
        except Exception:
            if not (rows or logs):
                raise
            self._store_each(rows, logs, progress)

    def _store_each(self, rows: list[SpanRow], logs: list[LogRow], progress: list[RingProgress]) -> None:
        """Store rows one by one: a row that the store rejects must not block the others."""
        for row in rows:
            self._store_one([row], [])
        for log in logs:
            self._store_one([], [log])
        self._writer.write([], progress)

    def _store_one(self, rows: list[SpanRow], logs: list[LogRow]) -> None:
        try:
            self._writer.write(rows, logs=logs)
        except StoreError as error:
            if not isinstance(error.__cause__, sqlite3.Error) or is_about_the_file(error.__cause__):
                raise
            self._lose(error)
        except Exception as error:
            self._lose(error)

    def _lose(self, error: Exception) -> None:
        self.lost += 1
        self._notices.once("row", logging.ERROR, "A call cannot be stored: %s", error)
