"""The one way into the file: a batch of calls, with its rollups, in one transaction."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obsv.own_time import unix_ns
from obsv.store.file import ForkLock, change_settings, explain, hold_at_fork, limits_of, open_writer, read_settings
from obsv.store.ground import Limits, RecorderRow, RingProgress, Rollups, SpanRow, WriteResult
from obsv.store.writing.batch import SPANS, Batch
from obsv.store.writing.cleaning import Cleaner
from obsv.store.writing.error_sql import error_rows, of_rows, prepare_errors, read_split
from obsv.store.writing.faults import Faults
from obsv.store.writing.interning import Ids, Missing
from obsv.store.writing.lineage import Callers, Orphans
from obsv.store.writing.repair import repaired
from obsv.store.writing.request_sql import RequestCounter
from obsv.store.writing.retention import Retained
from obsv.store.writing.rollup_sql import prepare_rollups, write_rollups
from obsv.store.writing.statements import Insert

# For what the store itself keeps; None is a limit that was taken away.
AS_KEPT: Any = object()

_EXACT = Insert("exact_input", "trace_id, span_id, start_ns, pickle", "do nothing")

# A batch may take so long again for making room, and this at least: deleting a row takes half the time of writing it.
ROOM_SHARE, ROOM_LEAST_S = 2.0, 0.02
# How long limits are taken as read: a statement more a batch costs a wait for the interpreter lock.
LIMITS_S = 5.0

# Connections that a fork copied in the middle of a call: closing them could hang.
_abandoned: list[sqlite3.Connection | None] = []


class Writer:
    """Writes to a store; makes the file at the first use. Threads may share one; several processes may write one file.

    Args:
        path: the database file; directories above it are made.
        busy_timeout_s: how long to wait for another process's lock, seconds, before `StoreUnavailable`.
        clock: Unix time in nanoseconds.
        cache_kib: memory for pages of the file, in KiB.

    All methods raise `StoreUnavailable` (locked, read-only, disk full: the same call may work later), `ForeignFile` and
    `NewerSchema`. After an error nothing of the call has been stored.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        busy_timeout_s: float = 1.0,
        clock: Callable[[], int] = unix_ns,
        cache_kib: int = 16_000,
    ) -> None:
        self.path = Path(path)
        self._busy_timeout_s = busy_timeout_s
        self._clock = clock
        self._cache_kib = cache_kib
        self.fork_lock = ForkLock()  # guards everything below
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._ids = Ids()
        self._orphans = Orphans()
        self._cleaner: Cleaner | None = None
        self.has_written = False
        self._limits: tuple[float, Limits] | None = None  # as read when, by the monotonic clock
        self._requests = RequestCounter()
        self._faults = Faults()
        hold_at_fork(self)

    def open(self) -> None:
        """Opens or creates the file now rather than at the first write."""
        with self._connected():
            pass

    def write(
        self, rows: Sequence[SpanRow], progress: tuple[str, int] | None = None, rings: Sequence[RingProgress] = ()
    ) -> WriteResult:
        """Stores a batch: all of it or, on an error, nothing.

        Args:
            rows: in order of arrival; those that are there already (trace id, span id) are passed over.
            progress: `(spill file, position)` to be remembered in the same transaction.
            rings: likewise, how far the rings are that the rows come from.

        Returns:
            how many rows were stored and how many were there already.
        """
        if not rows and progress is None and not rings:
            return WriteResult(0, 0)
        with self._connected() as connection:
            began = time.perf_counter()
            try:
                inserted = self._write(connection, rows, progress, rings)
            except (UnicodeEncodeError, OverflowError):
                inserted = self._write(connection, repaired(rows), progress, rings)
            self._make_room(connection, time.perf_counter() - began)
            self.has_written |= inserted > 0
        return WriteResult(inserted, len(rows) - inserted)

    def report(self, recorder: RecorderRow) -> None:
        """Stores what a recording process says about itself, in place of what it said before."""
        with self._connected() as connection:
            connection.execute(_REPORT, recorder)

    def limits(self) -> Limits:
        """Return how long this store keeps calls, and how large it may be."""
        with self._connected() as connection:
            return self._kept_limits(connection)

    def limit(self, *, max_age_ns: int | None = AS_KEPT, max_bytes: int | None = AS_KEPT) -> None:
        """Change the limits of the store, for all programs that use it; a limit that is not given stays."""
        given = {"max_age_ns": max_age_ns, "max_bytes": max_bytes}
        with self._connected() as connection:
            change_settings(
                connection, {name: value for name, value in given.items() if value is not AS_KEPT}, self._clock()
            )
            self._limits = None

    def retain(
        self,
        now_ns: int,
        *,
        max_age_ns: int | None = AS_KEPT,
        max_bytes: int | None = AS_KEPT,
        by_default: bool = True,
    ) -> Retained:
        """Does one short chunk of what keeps the file within its limits; none holds the write lock for over 50 ms.

        Deletes calls that started too long ago, then the oldest successes and after them the oldest errors while the
        file is too large, then rollups four times as old as calls may be and what nothing uses any more, and returns
        free space to the file system.

        Args:
            now_ns: Unix time.
            max_age_ns: how old calls may be, other than the store says; None for any age.
            max_bytes: how large the file may be, other than the store says; None for any size.
            by_default: whether the default age holds where nobody has set one.

        Returns:
            what was done, and whether there is more: then call again soon.
        """
        with self._connected() as connection:
            kept = self._kept_limits(connection)
            kept = kept if by_default else kept.without_default()
            return self._cleaning(connection).clean(
                now_ns,
                kept.max_age_ns if max_age_ns is AS_KEPT else max_age_ns,
                kept.max_bytes if max_bytes is AS_KEPT else max_bytes,
            )

    def spill_position(self, path: str) -> int:
        """How far a spill file has been replayed: what the last `write` with its `progress` said, 0 before."""
        with self._connected() as connection:
            row = connection.execute("select position from spill_progress where path = ?", (path,)).fetchone()
            return int(row[0]) if row else 0

    def forget_spill(self, path: str) -> None:
        """Forgets how far a spill file has been replayed: it has been deleted."""
        with self._connected() as connection:
            connection.execute("delete from spill_progress where path = ?", (path,))

    def ring(self, ring: str) -> RingProgress | None:
        """How far a ring is stored: what the last `write` with it said; None where nothing of it was."""
        with self._connected() as connection:
            row = connection.execute(_RING_STORED, (ring,)).fetchone()
            return None if row is None else RingProgress(*row)

    def forget_ring(self, ring: str) -> None:
        """Forgets how far a ring is stored: it has been deleted."""
        with self._connected() as connection:
            connection.execute("delete from ring where ring = ?", (ring,))

    def close(self) -> None:
        """Closes the file; the next call opens it again."""
        with self.fork_lock:
            self._drop()

    def _write(
        self,
        connection: sqlite3.Connection,
        rows: Sequence[SpanRow],
        progress: tuple[str, int] | None,
        rings: Sequence[RingProgress],
    ) -> int:
        batch = Batch(rows)
        self._intern(connection, batch)
        foreign = batch.foreign()
        errors = self._faults.read(batch.failed())
        # Where it can be, everything is computed before the file is locked.
        values, rollups = (None, None) if foreign else (batch.values(self._ids), batch.rollups(self._ids))
        # An insert takes the write lock itself, in the same step. What is read before it needs the lock already.
        with self._transaction(connection, "deferred" if rows and not foreign else "immediate"):
            callers = Callers(connection, rows, foreign, self._ids) if foreign else None
            if callers is not None:
                batch = Batch([callers.placed(row) for row in rows])
            inserted = SPANS.run(connection, *(values or batch.values(self._ids)))
            if inserted < len(rows):  # some were there already
                batch, rollups = Batch(_inserted(connection, batch, inserted)), None
                errors = of_rows(errors, batch.rows())
            rollups = rollups or batch.rollups(self._ids)
            self._join(connection, batch, callers, rollups)
            write_rollups(connection, rollups, error_rows(errors, self._ids))
            if batch.has_requests():
                self._requests.add(connection, batch.rows(), self._clock())
            _write_rest(connection, batch, progress, self._clock())
            for ring in rings:
                connection.execute(_RING, (*ring, self._clock()))
        return inserted

    def _cleaning(self, connection: sqlite3.Connection) -> Cleaner:
        if self._cleaner is None:
            self._cleaner = Cleaner(connection, self.path)
        return self._cleaner

    def _kept_limits(self, connection: sqlite3.Connection) -> Limits:
        """The limits, read again now and then: another process may change them."""
        now_s = time.monotonic()
        if self._limits is None or now_s - self._limits[0] > LIMITS_S:
            found = limits_of(read_settings(lambda sql: connection.execute(sql).fetchall()))
            self._cleaning(connection).fit_log(found.max_bytes)
            self._faults.split = read_split(connection)
            self._limits = now_s, found
        return self._limits[1]

    # Whoever writes faster than somebody else deletes would outgrow any limit, so each batch makes its own room.
    def _make_room(self, connection: sqlite3.Connection, took_s: float) -> None:
        max_bytes = self._kept_limits(connection).max_bytes
        if max_bytes is not None:
            try:
                self._cleaning(connection).make_room(max_bytes, max(ROOM_LEAST_S, ROOM_SHARE * took_s))
            except sqlite3.Error:  # the batch is stored; the next one, or `retain`, tries again and says what is wrong
                if connection.in_transaction:
                    connection.rollback()

    def _intern(self, connection: sqlite3.Connection, batch: Batch) -> None:
        now_ns = self._clock()
        self._ids.expire(now_ns)
        missing = Missing(self._ids, batch.signatures(), batch.sources(), batch.threads())
        if missing:
            with self._transaction(connection):
                missing.insert(connection, now_ns)
            missing.committed()

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection, mode: str = "immediate") -> Iterator[None]:
        connection.execute(f"begin {mode}")
        try:
            yield
            connection.execute("commit")
        except BaseException:
            connection.rollback()
            self._orphans = Orphans()  # it may have seen what was rolled back
            raise

    def _join(self, connection: sqlite3.Connection, batch: Batch, callers: Callers | None, rollups: Rollups) -> None:
        if callers is not None:
            lonely = callers.join(batch.foreign(), rollups)
            self._orphans.add(connection, lonely, self._ids)
        self._orphans.adopt(connection, batch.rows(), self._ids, rollups)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with self.fork_lock:
            try:
                yield self._connect()
            except sqlite3.Error as error:
                told = explain(error, self.path)
                # After anything but a lock the file may be another one, or better, when it is opened again.
                if "locked" not in str(error):
                    self._drop()
                raise told from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._file != _identity(self.path):
            self._drop()
        if self._connection is None:
            self._connection = open_writer(self.path, self._busy_timeout_s, self._cache_kib)
            prepare_rollups(self._connection)
            prepare_errors(self._connection)
            self._file = _identity(self.path)
            self._ids, self._orphans, self._cleaner, self._limits = Ids(), Orphans(), None, None
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork(self, *, was_idle: bool) -> None:
        """Begin anew in the child, where nobody holds the lock."""
        self.fork_lock = ForkLock()
        if was_idle:
            self._drop()
        else:
            _abandoned.append(self._connection)
            self._connection = None


_REPORT = """
insert into recorder(id, service, pid, host, started_ns, updated_ns, state, stats) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict(id) do update set updated_ns = excluded.updated_ns, state = excluded.state, stats = excluded.stats
"""
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


# The rows just inserted have the greatest ids.
def _inserted(connection: sqlite3.Connection, batch: Batch, count: int) -> list[SpanRow]:
    latest = "select trace_id, span_id from span order by id desc limit ?"
    new = set(connection.execute(latest, (count,)).fetchall())
    rows = []
    for row in batch.rows():
        key = row.trace_id, row.span_id
        if key in new:
            new.remove(key)  # a second row of the same span in this batch was passed over
            rows.append(row)
    return rows


def _write_rest(connection: sqlite3.Connection, batch: Batch, progress: tuple[str, int] | None, now_ns: int) -> None:
    exact = batch.exact()
    if exact:
        _EXACT.run(
            connection, [value for row in exact for value in (row.trace_id, row.span_id, row.start_ns, row.exact)]
        )
    if progress is not None:
        connection.execute(_PROGRESS, (*progress, now_ns))


# Which file stands at the path: a user may have deleted or replaced it under us.
def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
