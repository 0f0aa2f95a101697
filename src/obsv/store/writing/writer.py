"""The only writer of the file: a batch of calls, with its rollups, in one transaction."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from obsv.errors import ForeignFile
from obsv.own_time import unix_ns
from obsv.store.file import (
    ForkLock,
    change_settings,
    count_calls,
    explain,
    find_damage,
    held_place,
    hold_at_fork,
    is_damage,
    is_store,
    note_change,
    read_settings,
)
from obsv.store.ground import Limits, LogRow, Loss, PointRow, RecorderRow, RingProgress, SpanRow, WriteResult
from obsv.store.spans import ArchivedDecision, ArchivedOutcome
from obsv.store.writing.aside import put_aside, remove_oldest
from obsv.store.writing.carried import Carried, Untold
from obsv.store.writing.copied import Copied
from obsv.store.writing.decisions import Decided
from obsv.store.writing.keeping.retention import Retained
from obsv.store.writing.mark import Mark, gone
from obsv.store.writing.metrics import MOST_SERIES
from obsv.store.writing.opened import Damaged, Opened

logger = logging.getLogger("obsv")
T = TypeVar("T")

# For the settings that the store keeps; None is a removed limit.
AS_KEPT: Any = object()

# Files that forks copied in the middle of a call: closing them could hang.
_abandoned: list[Opened | None] = []


class Writer:
    """The writer of a store; creates the file at the first use. Threads may share one; several processes may write one
    file.

    A file that is damaged or removed is detected within a second of writing. It is renamed with the time in its name,
    and writing continues in a new file, which records the loss.

    Args:
        path: the database file; missing parent directories are created.
        busy_timeout_s: how long to wait for another process's lock, seconds, before `StoreUnavailable`.
        clock: Unix time in nanoseconds.
        is_lean: take 20 MB less memory, and a little more time.
        has_sums: whether the rollups add up the calls that are written; otherwise only `copy` fills them.
        most_series: series of metrics that are kept of one service; points of further ones are counted.

    All methods raise `StoreUnavailable` (locked, read-only, disk full: the same call may work later), `ForeignFile` and
    `NewerSchema`. After an error nothing of the call has been stored.

    Attributes:
        losses: files that were damaged or removed while this writer used them.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        busy_timeout_s: float = 1.0,
        clock: Callable[[], int] = unix_ns,
        is_lean: bool = False,
        has_sums: bool = True,
        most_series: int = MOST_SERIES,
    ) -> None:
        self.path = Path(path)
        self._busy_timeout_s = busy_timeout_s
        self._clock = clock
        self._is_lean = is_lean
        self._has_sums = has_sums
        self._most_series = most_series
        self.fork_lock = ForkLock()  # guards everything below
        self._opened: Opened | None = None
        self._last: Opened | None = None  # closed because of an error that may concern the file
        self.has_written = False
        self.losses: list[Loss] = []
        self._untold: list[Untold] = []
        hold_at_fork(self)

    def open(self) -> None:
        """Open or create the file now rather than at the first write."""
        self._do(lambda opened: None)

    def write(
        self,
        rows: Sequence[SpanRow],
        rings: Sequence[RingProgress] = (),
        logs: Sequence[LogRow] = (),
        points: Sequence[PointRow] = (),
    ) -> WriteResult:
        """Store a batch completely or, on an error, not at all.

        Args:
            rows: in order of arrival; those that are there already (trace id, span id) are passed over.
            rings: how far the rings are that the rows come from, to be remembered in the same transaction.
            logs: log records, stored with the calls; those that are there already, in every part the same, are passed
                over.
            points: data points of metrics, likewise; of a series, the first of a time stays.

        Returns:
            how many calls were stored and how many were there already.
        """
        if not rows and not rings and not logs and not points:
            return WriteResult(0, 0)
        inserted = self._do(lambda opened: opened.write(rows, rings, logs, points))
        self.has_written |= inserted > 0
        return WriteResult(inserted, len(rows) - inserted)

    def restore(self, *, decisions: Sequence[ArchivedDecision] = (), outcomes: Sequence[ArchivedOutcome] = ()) -> None:
        """Store decisions and outcomes that another file had; those that are there already are passed over."""
        decided = Decided(
            [(each.row, each.judgement) for each in decisions], [(each.digest, each.row) for each in outcomes]
        )
        self._do(lambda opened: opened.restore(decided))

    def copy(self, copied: Copied) -> None:
        """Replace the rollups of whole minutes by sums that another engine has added up."""
        self._do(lambda opened: opened.copy(copied))

    def report(self, recorder: RecorderRow) -> None:
        """Store the report of a recording process, replacing the previous one."""
        self._do(lambda opened: opened.connection.execute(_REPORT, recorder))

    def limits(self) -> Limits:
        """Return the limits on the age of calls and the size of the file."""
        return self._do(lambda opened: opened.limits())

    def limit(
        self,
        *,
        max_age_ns: int | None = AS_KEPT,
        max_bytes: int | None = AS_KEPT,
        decision_age_ns: int | None = AS_KEPT,
    ) -> None:
        """Change the limits of the store, for all programs that use it; a limit that is not given stays."""
        given = {"max_age_ns": max_age_ns, "max_bytes": max_bytes, "decision_age_ns": decision_age_ns}
        changes = {name: value for name, value in given.items() if value is not AS_KEPT}

        def change(opened: Opened) -> None:
            known = read_settings(lambda sql: opened.connection.execute(sql).fetchall())
            if any(name not in known or known[name] != value for name, value in changes.items()):
                note_change(opened.connection, "admin", "change limits", ", ".join(changes), changes)
            change_settings(opened.connection, changes, self._clock())
            opened.forget_limits()

        self._do(change)

    def retain(
        self,
        now_ns: int,
        *,
        max_age_ns: int | None = AS_KEPT,
        max_bytes: int | None = AS_KEPT,
        by_default: bool = True,
    ) -> Retained:
        """Do one short chunk of retention; none holds the write lock for over 50 ms.

        It deletes calls that started too long ago, then, while the file is too large, the oldest successes and after
        them the oldest errors, then rollups four times older than the age limit and unused shared rows, and returns
        free space to the file system.

        Args:
            now_ns: Unix time.
            max_age_ns: age limit, overriding the store's; None for unlimited.
            max_bytes: size limit, overriding the store's; None for unlimited.
            by_default: whether the default age applies if no limit is set.

        Returns:
            What was done, and whether there is more: then call again soon.
        """

        def clean(opened: Opened) -> Retained:
            kept = opened.limits()
            kept = kept if by_default else kept.without_default()
            return opened.cleaner.clean(
                now_ns,
                kept.max_age_ns if max_age_ns is AS_KEPT else max_age_ns,
                kept.max_bytes if max_bytes is AS_KEPT else max_bytes,
                kept.decision_age_ns,
            )

        return self._do(clean)

    def build_blocks(self, seconds: float | None = None) -> bool:
        """Take stored calls into blocks that a search can pass over; return whether there are more.

        Args:
            seconds: how long at most; None for 3 % of the time since it was last called.
        """
        return self._do(lambda opened: opened.blocks.turn(seconds))

    def ring(self, ring: str) -> RingProgress | None:
        """Return the position of a ring: the last one given to `write`; None if nothing was stored."""
        return self._do(lambda opened: opened.carried.ring(opened.connection, ring))

    def forget_ring(self, ring: str) -> None:
        """Forget the position of a ring that was deleted."""
        self._do(lambda opened: opened.carried.forget_ring(opened.connection, ring))

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self.fork_lock:
            self._drop()
            self._last = None

    # -- one file after the other --------------------------------------------------------------------------------------

    def _do(self, work: Callable[[Opened], T]) -> T:
        """Work on the file at the path; if it turns out to be lost, once more on the next one."""
        with self.fork_lock:
            try:
                try:
                    return self._checked(work)
                except (sqlite3.DatabaseError, Damaged) as error:
                    if not self._is_replaced(error):
                        raise
                return self._checked(work)
            except Damaged as error:
                raise ForeignFile(f"{self.path} is damaged repeatedly: {error}") from error
            except sqlite3.Error as error:
                told = explain(error, self.path)
                # After any error but a lock, reopening may find another file, or a repaired one.
                if "locked" not in str(error):
                    self._drop()
                raise told from error

    def _checked(self, work: Callable[[Opened], T]) -> T:
        opened = self._connect(now := Mark.of(self.path))
        opened.look_before(now)
        began = time.perf_counter()
        done = work(opened)
        opened.look_after(time.perf_counter() - began)
        return done

    def _connect(self, now: Mark) -> Opened:
        left = self._opened or self._last
        if left is not None and (reason := gone(left.watch.left, now)):
            self._replace(left, reason)
        elif self._opened is not None and self._opened.watch.left.has_lost_log(now):
            self._opened.rescue()
            self._drop()
            self._opened = self._open()
            self._opened.watch.doubt()
        if self._opened is None:
            try:
                self._opened = self._open()
            except ForeignFile as error:
                self._replace(self._last, self._damage_of(error))
                self._opened = self._open()
        return self._opened

    def _open(self) -> Opened:
        with held_place(self.path):
            opened = Opened(
                self.path, self._busy_timeout_s, self._clock, self._is_lean, self._has_sums, self._most_series
            )
        opened.carried.take(opened.connection, self._untold)
        opened.look_after(0.0)
        self._untold = []
        self._last = None
        return opened

    def _damage_of(self, error: ForeignFile) -> str:
        """Return the damage of our store that cannot be opened; raise the error if it is not ours."""
        is_ours = self._last is not None or is_store(self.path)
        damage = find_damage(self.path) if is_ours and isinstance(error.__cause__, sqlite3.Error) else None
        if damage is None:
            raise error
        return damage

    def _is_replaced(self, error: Exception) -> bool:
        """Replace the file if it is the reason for an error."""
        left = self._opened or self._last
        if isinstance(error, Damaged):
            reason: str | None = str(error)
        else:
            reason = find_damage(self.path) if isinstance(error, sqlite3.Error) and is_damage(error) else None
        if reason is None or left is None:
            return False
        self._replace(left, reason)
        return True

    def _replace(self, left: Opened | None, reason: str) -> None:
        """Put aside the file at the path, if it is the one that was left, and remember the loss.

        Args:
            left: this writer's knowledge of the file; None if it could not be opened.
            reason: reason of the loss.
        """
        now_ns = self._clock()
        with held_place(self.path, alone=True):
            counts = count_calls(self.path) if left is None else (left.held.calls, left.held.errors)
            try:
                name = put_aside(self.path, None if left is None else left.watch.left, now_ns)
            except OSError as error:
                text = f"{self.path} is damaged ({reason}) and cannot be put aside ({error}); move it away"
                raise ForeignFile(text) from error
        self._drop()
        self._last = None
        loss = Loss(now_ns, reason, name, *(counts or (None, None)))
        carried, since_ns = (Carried(), now_ns) if left is None else (left.carried, left.watch.left_ns)
        self._untold.append(Untold(carried, loss, since_ns))
        self.losses.append(loss)
        logger.error("%s: %s", self.path, loss)
        if deleted := remove_oldest(self.path):
            logger.warning("%d older damaged databases beside %s were deleted: five are kept.", deleted, self.path)

    def _drop(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened, self._last = None, self._opened

    def after_fork(self, *, was_idle: bool) -> None:
        """Start again in the child, where nobody holds the lock."""
        self.fork_lock = ForkLock()
        if was_idle:
            self._drop()
        else:
            _abandoned.append(self._opened)
            self._opened = None
        self._last = None


_REPORT = """
insert into recorder(id, service, pid, host, started_ns, updated_ns, state, stats) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict(id) do update set updated_ns = excluded.updated_ns, state = excluded.state, stats = excluded.stats
"""
