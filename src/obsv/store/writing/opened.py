"""One file that a writer has open, with everything known about it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from obsv.store.file import limits_of, open_writer, read_settings
from obsv.store.ground import ERROR, Limits, LogRow, PointRow, RingProgress, Rollups, SpanRow
from obsv.store.writing.batch import SPANS, Batch
from obsv.store.writing.carried import Carried
from obsv.store.writing.copied import Copied, write_copied
from obsv.store.writing.decisions import Decided
from obsv.store.writing.faults import Faults
from obsv.store.writing.interning import Ids, Missing
from obsv.store.writing.keeping.block_building import BlockBuilder
from obsv.store.writing.keeping.cleaning import Cleaner
from obsv.store.writing.keeping.crowding import find_crowded
from obsv.store.writing.lineage import Callers, Orphans
from obsv.store.writing.log_records import write_logs
from obsv.store.writing.losses import Held
from obsv.store.writing.mark import Mark
from obsv.store.writing.metrics import MOST_SERIES, MetricWriter
from obsv.store.writing.portions import portions
from obsv.store.writing.repair import repaired, repaired_logs, repaired_points
from obsv.store.writing.shared_ids import SharedIds
from obsv.store.writing.sql.errors import error_rows, prepare_errors, read_split
from obsv.store.writing.sql.requests import RequestCounter
from obsv.store.writing.sql.rollups import prepare_rollups, write_rollups
from obsv.store.writing.sql.statements import Insert
from obsv.store.writing.value_forms import ValueForms, prepare_forms
from obsv.store.writing.versions import Versions
from obsv.store.writing.watch import Watch

_EXACT = Insert("exact_input", "trace_id, span_id, start_ns, pickle", "do nothing")

# Where calls are brought from elsewhere, in any order: a group was new at its first error.
_FIRST_KNOWN = """
update error_event set at_ns = (select g.first_ns from error_group g where g.id = group_id)
where kind = 'new' and at_ns > (select g.first_ns from error_group g where g.id = group_id)
"""

# A batch may take its own time again for freeing space, and at least this: deleting a row takes half the time of
# writing it.
ROOM_SHARE, ROOM_LEAST_S = 2.0, 0.02
# Time for which limits are cached: one more statement per batch costs a wait for the interpreter lock.
LIMITS_S = 5.0


# Memory for pages of the file in KiB, and values of a statement. A statement is kept, and with it what it was given
# last: one of 2,500 rows takes 3 to 5 MB, in each of the forms that are needed of a size.
_LEAN = 4_000, 8_000


class Damaged(Exception):
    """The file is not as it was left; the message says why."""


class _Done(NamedTuple):
    """The result of a commit, if the file still exists."""

    inserted: int
    errors: int
    rings: Sequence[RingProgress]


class Opened:
    """The writer of one file; its user holds the writer's lock.

    Args:
        path: the database.
        busy_timeout_s, clock, is_lean, has_sums, most_series: see `Writer`.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        busy_timeout_s: float,
        clock: Callable[[], int],
        is_lean: bool,
        has_sums: bool = True,
        most_series: int = MOST_SERIES,
    ) -> None:
        self.path = path
        self._has_sums = has_sums
        self.connection = open_writer(path, busy_timeout_s, *(_LEAN if is_lean else ()))
        try:
            prepare_rollups(self.connection)
            prepare_errors(self.connection)
            prepare_forms(self.connection)
            self.carried = Carried(self.connection)
            self.cleaner = Cleaner(self.connection, path)
            self.blocks = BlockBuilder(self.connection)
            self._metrics = MetricWriter(self.connection, most_series)
            self.held = Held(self.connection, self.cleaner)
            self.watch = Watch(self.connection, path, clock)
        except BaseException:
            self.connection.close()
            raise
        self._clock = clock
        self._ids = Ids()
        self._versions = Versions()
        self._orphans = Orphans()
        self._limits: tuple[float, Limits] | None = None  # time of reading by the monotonic clock, and limits
        self._requests = RequestCounter()
        self._faults = Faults()
        self._forms = ValueForms()
        self._done: _Done | None = None

    def rescue(self) -> None:
        """Copy the log into the file: its name is gone, and nobody else can read it."""
        with suppress(sqlite3.Error):  # as much as can be copied
            self.connection.execute("pragma wal_checkpoint(truncate)").fetchall()

    def look_before(self, now: Mark) -> None:
        """Check that the file is as it was left. Raises `Damaged`."""
        damage, others_wrote = self.watch.before(now)
        if damage:
            raise Damaged(damage)
        if others_wrote:
            self.held.others_wrote()

    def look_after(self, took_s: float) -> None:
        """Check that the work of the last `took_s` seconds has reached the file, and count it. Raises `Damaged`."""
        done, self._done = self._done, None
        if damage := self.watch.after(took_s, may_cut_log=done is None):
            raise Damaged(damage)
        if done is not None:
            self.held.add(done.inserted, done.errors)
            self.carried.remember(done.rings)

    def write(
        self,
        rows: Sequence[SpanRow],
        rings: Sequence[RingProgress],
        logs: Sequence[LogRow] = (),
        points: Sequence[PointRow] = (),
    ) -> int:
        """Store a batch in one transaction, under a small size limit in several; return how many calls were new.

        Data points and the positions of the rings are stored with the last: read again, calls of the others are found
        to be stored.
        """
        new = failed = 0
        for portion in portions(rows, logs, self.limits().max_bytes):
            began = time.perf_counter()
            told, last = (rings, points) if portion.is_last else ((), ())
            try:
                inserted, errors = self._write(portion.rows, told, portion.logs, last)
            except (UnicodeEncodeError, OverflowError):
                mended = repaired(portion.rows), told, repaired_logs(portion.logs), repaired_points(last)
                inserted, errors = self._write(*mended)
            if last:
                self._metrics.pack()
            if portion.rows:
                self.cleaner.arrived(min([row.start_ns for row in portion.rows]))
            self._make_room(time.perf_counter() - began)
            new, failed = new + inserted, failed + errors
        self._done = _Done(new, failed, rings)
        return new

    def _write(
        self,
        rows: Sequence[SpanRow],
        rings: Sequence[RingProgress],
        logs: Sequence[LogRow],
        points: Sequence[PointRow],
    ) -> tuple[int, int]:
        rows, logs, points, batch = self._interned(rows, logs, points)
        foreign = batch.foreign()
        errors = self._faults.read(batch.failed())
        # As far as possible, everything is computed before the file is locked.
        values, rollups = (None, None) if foreign else (batch.values(self._ids), batch.rollups(self._ids))
        # An insert acquires the write lock itself, in the same step. Reads before it already need the lock.
        with self._transaction("deferred" if rows and not foreign else "immediate"):
            callers = Callers(self.connection, rows, foreign, self._ids) if foreign else None
            if callers is not None:
                batch = Batch([callers.placed(row) for row in rows])
            inserted = SPANS.run(self.connection, *(values or batch.values(self._ids)))
            shared = None
            if inserted < len(rows):  # some IDs were taken
                shared = SharedIds(self.connection, batch.rows(), inserted, self._ids, self._clock())
                batch, rollups, errors = Batch(shared.rows()), None, shared.errors(errors)
                if foreign := batch.foreign():
                    callers = Callers(self.connection, batch.rows(), foreign, self._ids)
            rollups = rollups or batch.rollups(self._ids)
            if shared is not None:
                shared.correct(rollups)
            if self._has_sums:
                self._join(batch, callers, rollups)
            else:
                rollups = Rollups()
            more = chain(error_rows(errors, self._ids), self._forms.rows(self.connection, rollups))
            write_rollups(self.connection, rollups, more)
            if errors and not self._has_sums:
                self.connection.execute(_FIRST_KNOWN)
            if logs:
                write_logs(self.connection, logs, self._ids)
            if points:
                self._metrics.write(points, self._ids, self._clock())
            if shared is not None:
                shared.tidy()
            self._write_rest(batch, shared, rings)
        gone = shared.replaced if shared is not None else []
        return len(batch.rows()) - len(gone), batch.errors() - sum(old.status == ERROR for old in gone)

    def restore(self, decided: Decided) -> None:
        """Store decisions and outcomes that another file had; those that are there already are passed over."""
        with self._transaction():
            decided.write(self.connection)

    def copy(self, copied: Copied) -> None:
        """Replace sums of whole minutes by those that another engine has added up."""
        missing = Missing(self._ids, copied.signatures, (), (), ())
        if missing:
            with self._transaction():
                missing.insert(self.connection, self._versions, lambda source: 0, self._clock())
            missing.committed()
        with self._transaction():
            write_copied(self.connection, copied, self._ids)

    def limits(self) -> Limits:
        """Return the limits, read again periodically: another process may change them."""
        now_s = time.monotonic()
        if self._limits is None or now_s - self._limits[0] > LIMITS_S:
            self.carried.settings = read_settings(lambda sql: self.connection.execute(sql).fetchall())
            found = limits_of(self.carried.settings)
            self.cleaner.fit_log(found.max_bytes)
            self._faults.split = read_split(self.connection)
            self._limits = now_s, found
        return self._limits[1]

    def forget_limits(self) -> None:
        """Read the limits again before their next use."""
        self._limits = None

    def close(self) -> None:
        """Close the file. SQLite does not touch a renamed file."""
        self.connection.close()

    # A writer that is faster than another process's deletions would exceed any limit, so each batch frees its own
    # space.
    def _make_room(self, took_s: float) -> None:
        """Delete calls above the size limit, for about as long as the batch took to store."""
        max_bytes = self.limits().max_bytes
        if max_bytes is None:
            return
        try:
            self.cleaner.make_room(max_bytes, max(ROOM_LEAST_S, ROOM_SHARE * took_s))
        except sqlite3.Error:  # the batch is stored; the next one, or `retain`, tries again and reports the error
            if self.connection.in_transaction:
                self.connection.rollback()

    def _interned(
        self, rows: Sequence[SpanRow], logs: Sequence[LogRow], points: Sequence[PointRow]
    ) -> tuple[Sequence[SpanRow], Sequence[LogRow], Sequence[PointRow], Batch]:
        """Return rows whose names and the like all have IDs: as they came, unless the file has no room for these."""
        now_ns = self._clock()
        self._ids.expire(now_ns)
        batch, missing = self._missing(rows, logs, points)
        if not missing:
            return rows, logs, points, batch
        crowded = find_crowded(self.connection, missing, self.limits().max_bytes)
        if crowded is not None:
            rows, logs = [crowded.stored(row) for row in rows], [crowded.stored_log(row) for row in logs]
            points = [crowded.stored_point(row) for row in points]
            batch, missing = self._missing(rows, logs, points)
        try:
            with self._transaction():
                missing.insert(self.connection, self._versions, batch.began, now_ns)
        except BaseException:
            self._versions.forget()
            raise
        missing.committed()
        return rows, logs, points, batch

    def _missing(
        self, rows: Sequence[SpanRow], logs: Sequence[LogRow], points: Sequence[PointRow]
    ) -> tuple[Batch, Missing]:
        batch = Batch(rows)
        new = self._versions.new(batch.coded())
        sources = batch.sources() | {row.source for row in logs} | {row.series.source for row in points}
        return batch, Missing(self._ids, batch.signatures(), sources, batch.threads(), new)

    @contextmanager
    def _transaction(self, mode: str = "immediate") -> Iterator[None]:
        self.connection.execute(f"begin {mode}")
        try:
            yield
            self.connection.execute("commit")
        except BaseException:
            self.connection.rollback()
            self._orphans = Orphans()  # it may have seen rows that were rolled back
            self._forms.forget()
            raise

    def _join(self, batch: Batch, callers: Callers | None, rollups: Rollups) -> None:
        if callers is not None:
            lonely = callers.join(batch.foreign(), rollups)
            self._orphans.add(self.connection, lonely, self._ids)
        self._orphans.adopt(self.connection, batch.rows(), self._ids, rollups)

    def _write_rest(
        self,
        batch: Batch,
        shared: SharedIds | None,
        rings: Sequence[RingProgress],
    ) -> None:
        now_ns = self._clock()
        if batch.has_requests() and self._has_sums:
            self._requests.add(self.connection, shared.untold() if shared is not None else batch.rows(), now_ns)
        exact = batch.exact()
        if exact:
            values = [value for row in exact for value in (row.trace_id, row.span_id, row.start_ns, row.exact)]
            _EXACT.run(self.connection, values)
        self.carried.save(self.connection, rings, now_ns)
