"""Deletion for retention: each chunk is one short write, with its rows selected beforehand without a lock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obsv.store.file import LOG_BYTES, LOG_PAGES
from obsv.store.ground import MINUTE_NS
from obsv.store.writing.interning import EPOCH_NS
from obsv.store.writing.keeping.decision_room import DecisionRoom
from obsv.store.writing.keeping.metric_room import MetricRoom
from obsv.store.writing.keeping.retention import (
    CHUNKS_A_COPY,
    DAY_NS,
    ROLLUP_BYTES,
    ROLLUP_SHARE,
    ROLLUPS_LONGER,
    Action,
    Chunk,
    Facts,
    Retained,
    decide,
    excess,
    log_bytes,
)
from obsv.store.writing.keeping.tidying import METRICS, OLDEST_ERROR, ROLLUPS, TIDY, TS, Tidy
from obsv.times import ts

_TIDY_EVERY_NS = MINUTE_NS
_ALL = 2**63 - 1
# Size of a call besides its texts: its numbers, and its entries in five indexes.
_CALL_BYTES = 256

_FACTS = """
select (select page_count from pragma_page_count), (select freelist_count from pragma_freelist_count),
  (select page_size from pragma_page_size), (select data_version from pragma_data_version)
"""
# Of a store with an archive only what is in it goes by age.
# The plus keeps SQLite from walking along the IDs: with nothing to delete that is the whole file, 15 s for 10 M calls.
_OLD = f"ts < {TS} and +id <= :archived"
_IS_EXPIRED = f"select exists(select 1 from span where {_OLD})"
# Of calls, log records, decisions and outcomes; no row: there is no archive.
_ARCHIVED = "select watermark, log_watermark, decision_watermark, outcome_watermark from archive"
_KEPT = f"select coalesce((select coalesce(keep_ns, {365 * DAY_NS}) from archive), 0)"
# An unreachable archive delays deletion by age up to this size, or the store's own limit.
MOST_HELD_BYTES = 8 << 30
_COUNT_UNARCHIVED = """
update tally set calls = calls + (select count(*) from json_each(:ids) where value > :archived)
where name = '{}'
"""
_COUNT_UNARCHIVED_CALLS = _COUNT_UNARCHIVED.format("unarchived")
_COUNT_UNARCHIVED_LOGS = _COUNT_UNARCHIVED.format("unarchived_logs")
_BYTES = f"""
{_CALL_BYTES} + length(cast(data as blob)) + coalesce(length(cast(exception as blob)), 0)
  + coalesce(length(cast(detail as blob)), 0)
  + coalesce(
    (select length(pickle) from exact_input e where e.trace_id = span.trace_id and e.span_id = span.span_id), 0)
"""
# Calls of :bytes in total, at least one, as one row: a thread beside a computing one may lose the interpreter lock at
# each row. Reading their texts here, without the lock, loads the pages for the deletion into the cache.
_CHOSEN = f"""
select json_group_array(id), max(ts), sum(failed) from (
  select id, ts, failed, sum(bytes) over (order by ts rows between unbounded preceding and 1 preceding) as before
  from (select id, ts, status = 2 as failed, {_BYTES} as bytes
    from span {{}} order by ts limit :bytes / {_CALL_BYTES} + 1)
) where coalesce(before, 0) < :bytes
"""
_EXPIRED = _CHOSEN.format(f"where {_OLD}")
_SUCCESSES = _CHOSEN.format("indexed by span_by_ts where ts >= :floor and status <> 2")
_ERRORS = _CHOSEN.format("indexed by span_errors where status = 2")
_NEWEST = "select coalesce(max(ts), '') from span"
_MILD, _SEVERE = "severity < 17", "severity >= 17"
# Whether the oldest log record below ERROR is older than the oldest success.
_LOGS_FIRST = f"""
select exists(select 1 from log_record where {_MILD} and ts < coalesce(
  (select ts from span indexed by span_by_ts where ts >= :floor and status <> 2 order by ts limit 1), 'z'))
"""
# What a log record takes besides its texts: its numbers, and its entries in the indexes.
_LOG_BYTES = 384
# Log records of :bytes together, and one at least.
_CHOSEN_LOGS = f"""
select json_group_array(id), count(*) from (
  select id, sum(bytes) over (order by ts, id rows between unbounded preceding and 1 preceding) as before
  from (select id, ts, {_LOG_BYTES} + length(cast(body as blob)) + length(cast(attributes as blob)) as bytes
    from log_record where {{}} order by ts limit :bytes / {_LOG_BYTES} + 1)
) where coalesce(before, 0) < :bytes
"""
_DELETE_LOGS = "delete from log_record where id in (select value from json_each(?))"
_DELETE_EXACT = """
delete from exact_input where (trace_id, span_id) in
  (select trace_id, span_id from span where id in (select value from json_each(?)))
"""
_DELETE_SPANS = "delete from span where id in (select value from json_each(?))"
# A range of the key a group.
_DELETE_ERROR_CALLS = f"""
delete from error_call where group_id in (select id from error_group) and start_ns < ({OLDEST_ERROR})
"""
_COUNT_DELETED = "update tally set calls = calls + ?, errors = errors + ? where name = 'deleted'"
# Rows of rollups, up to :most, and the minutes that they are of.
_WEIGHED = """
select (select count(*) from (select 1 from histogram limit :most))
    + (select count(*) from (select 1 from calls_minute limit :most)),
  coalesce((select min(minute) from calls_minute where edge = 0 and minute > 0), 0),
  coalesce((select max(minute) from calls_minute where edge = 0), 0)
"""
_DELETE_ORPHANS = "delete from orphan where id <= (select max(id) from orphan) - ?"
# Counting takes a twentieth of the time; others may have written successes with a time that has passed.
_WEIGH_PAUSES, _SEARCH_S = 20, 5.0
# On a busy machine most of the time of a chunk passes while something else runs: smaller ones would not hold the lock
# for less, and never keep up with a writer.
BUSY = 4.0
# A batch waits this long at most for a file above its limit to shrink: others may be writing, too.
ABOVE_S = 1.0
# A call dated ahead outlives the time for which what it refers to is kept.
_IS_AHEAD = f"select exists(select 1 from span where ts > {TS})"


# Keys of rows to be deleted; no table has more columns in its key.
_CHOSEN_KEYS = "create temp table if not exists chosen(key_1, key_2, key_3, key_4)"


class Cleaner:
    """Retention of one file by age and size, one chunk at a time.

    Args:
        connection: connection of the writer; nobody else uses it meanwhile.
        path: the file.

    Attributes:
        deleted, deleted_errors: numbers of deleted calls, and of failed ones among them.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.deleted = self.deleted_errors = 0
        connection.execute(_CHOSEN_KEYS)
        self._decisions = DecisionRoom(connection)
        self._metrics = MetricRoom(connection)
        self._log = path.with_name(path.name + "-wal")
        self._bytes = Chunk(32 << 10, 8 << 20)  # bytes of calls
        self._rows, self._pages = Chunk(100, 20_000), Chunk(16, 4_000)
        self._held_s = self._worked_s = 0.0
        self._chunks = 0  # since the log was last copied into the file
        self._floor = ""  # no success is older than this ts, but for what other processes have written since
        self._search_at = self._weigh_at = 0.0
        self._thin_minute = 0  # rollups of minutes up to this one go, since all of them are too large; 0: none
        self._step = 0
        self._tidied_ns = 0
        self._changes = (-1, -1)
        self._archived = self._logs_archived = _ALL  # IDs up to which calls and log records may be deleted by age

    def clean(
        self, now_ns: int, max_age_ns: int | None, max_bytes: int | None, decision_age_ns: int | None = None
    ) -> Retained:
        """Delete one chunk; the arguments are those of `Writer.retain`, and the age limit of decisions."""
        before_ns = 0 if max_age_ns is None else max(0, now_ns - max_age_ns)
        is_aged = max_age_ns is not None or decision_age_ns is not None
        untidy = is_aged and abs(now_ns - self._tidied_ns) >= _TIDY_EVERY_NS
        facts = self._facts(before_ns, untidy)
        action = decide(facts, max_bytes)
        self._held_s = 0.0
        deleted, more = 0, action not in (Action.CHECKPOINT, Action.NOTHING)
        if action is Action.EXPIRE:
            deleted = self._delete(_EXPIRED, {"before_ns": before_ns, "archived": self._archived}, self._bytes.size)
        elif action is Action.SHRINK:
            deleted = self._shrink(excess(facts, max_bytes), max_bytes or 0)
            more = deleted > 0
        elif action is Action.TIDY:
            deleted = self._tidy(now_ns, now_ns - before_ns, decision_age_ns)
        elif action is Action.VACUUM:
            more = self._vacuum() < facts.free_pages
        elif action is Action.COPY:
            self._copy()
        elif action is Action.CHECKPOINT:
            self._checkpoint()
        return Retained(deleted, more, self._held_s)

    def make_room(self, max_bytes: int, budget_s: float) -> None:
        """Delete the oldest calls and return pages while the file is too large and there is time.

        Above the limit itself there is more time: what is written faster than it can be deleted has to wait.
        """
        began = time.perf_counter()
        while (action := decide(self._size(), max_bytes)) in (Action.SHRINK, Action.VACUUM):
            if action is Action.SHRINK:
                done = self._shrink(excess(self._size(), max_bytes), max_bytes) > 0
            else:
                free = self._size().free_pages
                done = self._vacuum() < free
            if self._chunks >= CHUNKS_A_COPY:
                self._copy()
            took_s = time.perf_counter() - began
            if not done or (took_s > budget_s and (took_s > ABOVE_S or self._size().total_bytes <= max_bytes)):
                return

    def fit_log(self, max_bytes: int | None) -> None:
        """Keep the write-ahead log small compared with a small limit: it counts, and otherwise has 8 MB to 64 MB."""
        pages, size = (LOG_PAGES, LOG_BYTES)
        if max_bytes is not None:
            # Cut to half of its share: a transaction comes on top, and the log is copied only after it.
            size = log_bytes(max_bytes) // 2
            pages = max(32, min(pages, size // 2 // 8192))
        self._connection.execute(f"pragma wal_autocheckpoint = {pages}")
        self._connection.execute(f"pragma journal_size_limit = {size}")

    def _size(self) -> Facts:
        pages, free, page_size, _ = self._one(_FACTS)
        return Facts(False, False, pages, free, page_size, self._log_bytes(), False)

    def _facts(self, before_ns: int, untidy: bool) -> Facts:
        pages, free, page_size, version = self._one(_FACTS)
        held = (pages - free) * page_size <= MOST_HELD_BYTES
        marks = (self._marks() if held else None) or (_ALL, _ALL, _ALL, _ALL)
        self._archived, self._logs_archived, *self._decided = marks
        (expired,) = self._one(_IS_EXPIRED, {"before_ns": before_ns, "archived": self._archived})
        changes = version, self._connection.total_changes
        idle, self._changes = changes == self._changes, changes
        return Facts(bool(expired), untidy, pages, free, page_size, self._log_bytes(), idle, self._chunks)

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def _marks(self) -> tuple[int, ...] | None:
        found: tuple[int, ...] | None = self._connection.execute(_ARCHIVED).fetchone()
        return found

    def _one(self, sql: str, params: Any = ()) -> Sequence[Any]:
        row: Sequence[Any] = self._connection.execute(sql, params).fetchone()
        return row

    def arrived(self, oldest_ns: int) -> None:
        """Calls have been written, of which the oldest began then, Unix time."""
        if self._floor:
            self._floor = min(self._floor, ts(oldest_ns))

    def _shrink(self, excess_bytes: int, max_bytes: int) -> int:
        if thinned := self._thin(max_bytes) or self._thin_metrics(max_bytes):
            return thinned
        size = max(self._bytes.least, min(self._bytes.size, excess_bytes))
        if self._decisions.exceed(max_bytes) and (deleted := self._delete_decisions(size)):
            return deleted
        if self._one(_LOGS_FIRST, {"floor": self._floor})[0]:
            return self._delete_logs(_MILD, size)
        deleted = self._delete(_SUCCESSES, {"floor": self._floor}, size)
        if not deleted and self._floor and time.monotonic() >= self._search_at:
            self._search_at, self._floor = time.monotonic() + _SEARCH_S, ""
            deleted = self._delete(_SUCCESSES, {"floor": self._floor}, size)
        if not deleted:
            deleted = self._delete_logs(_SEVERE, size)
        if not deleted:
            (self._floor,) = self._one(_NEWEST)
            deleted = self._delete(_ERRORS, {}, size)
            with self._locked():
                self._connection.execute(_DELETE_ERROR_CALLS)
        return deleted or self._delete_decisions(size)

    def _delete_decisions(self, size: int) -> int:
        made = self._decisions.oldest(size)
        if made is None:
            return 0
        with self._locked():
            deleted = self._decisions.delete(made, self._marks())
        self._bytes.took(self._worked_s)
        return deleted

    def _delete_logs(self, which: str, size: int) -> int:
        ids, count = self._one(_CHOSEN_LOGS.format(which), {"bytes": size})
        if not count:
            return 0
        with self._locked():
            deleted = self._connection.execute(_DELETE_LOGS, (ids,)).rowcount
        self._bytes.took(self._worked_s)
        if marks := self._marks():
            self._connection.execute(_COUNT_UNARCHIVED_LOGS, {"ids": ids, "archived": marks[1]})
        return deleted

    def _delete(self, select: str, params: dict[str, Any], size: int) -> int:
        ids, last_ts, failed = self._one(select, {**params, "bytes": size})
        if last_ts is None:
            return 0
        if self._one("select exists(select 1 from exact_input)")[0]:
            with self._locked():
                self._connection.execute(_DELETE_EXACT, (ids,))
        with self._locked():
            deleted = self._connection.execute(_DELETE_SPANS, (ids,)).rowcount
        self._bytes.took(self._worked_s)
        self._connection.execute(_COUNT_DELETED, (deleted, failed))
        if marks := self._marks():
            self._connection.execute(_COUNT_UNARCHIVED_CALLS, {"ids": ids, "archived": marks[0]})
        self.deleted += deleted
        self.deleted_errors += failed
        if select is _SUCCESSES:
            self._floor = last_ts
        return deleted

    def _thin(self, max_bytes: int) -> int:
        """Delete rollups of the oldest minutes while all take up more than their part, and parents waited for."""
        if not self._thin_minute and time.monotonic() >= self._weigh_at:
            began = time.monotonic()
            most = int(ROLLUP_SHARE * max_bytes) // ROLLUP_BYTES
            rows, oldest, latest = self._one(_WEIGHED, {"most": most + 1})
            self._weigh_at = time.monotonic() + _WEIGH_PAUSES * (time.monotonic() - began)
            if rows > most and latest - oldest > 1:
                self._thin_minute = oldest + (latest - oldest) // 4
            with self._locked():
                self._connection.execute(_DELETE_ORPHANS, (most,))
        if not self._thin_minute:
            return 0
        for tidy in ROLLUPS:
            if deleted := self._delete_chosen(tidy, {"minute": self._thin_minute}):
                return deleted
        self._thin_minute, self._weigh_at = 0, 0.0
        return 0

    def _thin_metrics(self, max_bytes: int) -> int:
        """Delete the oldest points of metrics while all take up more than their part."""
        until_ns = self._metrics.until(max_bytes)
        for tidy in METRICS if until_ns else ():
            if deleted := self._delete_chosen(tidy, {"metrics_ns": until_ns}):
                return deleted
        self._metrics.done()
        return 0

    def _delete_chosen(self, tidy: Tidy, params: dict[str, Any]) -> int:
        self._connection.execute("delete from chosen")
        if not self._connection.execute(tidy.choose, {**params, "limit": self._rows.size}).rowcount:
            return 0
        with self._locked():
            deleted = self._connection.execute(tidy.delete, params).rowcount
        self._rows.took(self._worked_s)
        return deleted

    def _tidy(self, now_ns: int, max_age_ns: int, decision_age_ns: int | None) -> int:
        # With an archive they stay as long as its calls: figures of its days are read from them.
        (kept_ns,) = self._one(_KEPT)
        rollups_ns = max(ROLLUPS_LONGER * max_age_ns, kept_ns)
        unused_ns = now_ns - rollups_ns - DAY_NS - EPOCH_NS
        params = {
            "before_ns": now_ns - max_age_ns,
            "decided_ns": 0 if decision_age_ns is None else now_ns - decision_age_ns,
            "unused_ns": 0 if self._one(_IS_AHEAD, {"before_ns": now_ns + DAY_NS})[0] else unused_ns,
            "minute": max(0, (now_ns - rollups_ns) // MINUTE_NS),
            "logs_archived": self._logs_archived,
            "metrics_ns": now_ns - ROLLUPS_LONGER * max_age_ns,
            "decisions_archived": self._decided[0],
            "outcomes_archived": self._decided[1],
        }
        while self._step < len(TIDY):
            if deleted := self._delete_chosen(TIDY[self._step], params):
                return deleted
            self._step += 1
        self._step, self._tidied_ns = 0, now_ns
        return 0

    def _vacuum(self) -> int:
        with self._locked():
            # Not `execute`, which would stop after the first page.
            self._connection.executescript(f"pragma incremental_vacuum({self._pages.size})")
        self._pages.took(self._worked_s)
        return int(self._one("pragma freelist_count")[0])

    # PASSIVE copies pages without blocking writers; TRUNCATE, which does block them, then has nothing to copy.
    def _copy(self) -> bool:
        self._chunks = 0
        _, log, copied = self._one("pragma wal_checkpoint(passive)")
        return bool(log == copied)

    def _checkpoint(self) -> None:
        if self._copy():
            (patience_ms,) = self._one("pragma busy_timeout")
            self._connection.execute("pragma busy_timeout = 0")
            self._connection.execute("pragma wal_checkpoint(truncate)").fetchall()
            self._connection.execute(f"pragma busy_timeout = {patience_ms}")

    # Only one statement holds the lock: it never waits for the interpreter while locked. SQLite copies the log after
    # some commits without a lock, but that would be measured as part of the chunk.
    @contextmanager
    def _locked(self) -> Iterator[None]:
        (copy_at,) = self._one("pragma wal_autocheckpoint")
        self._connection.execute("pragma wal_autocheckpoint = 0")
        began, began_cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            held_s = time.perf_counter() - began
            self._held_s = max(self._held_s, held_s)
            self._worked_s = max(held_s / BUSY, time.thread_time() - began_cpu)
            self._connection.execute(f"pragma wal_autocheckpoint = {copy_at}")
            self._chunks += 1
