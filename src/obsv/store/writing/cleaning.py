"""Retention's hands: each chunk is one short write, its rows chosen beforehand without a lock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from obsv.store.file import LOG_BYTES, LOG_PAGES
from obsv.store.ground import MINUTE_NS
from obsv.store.writing.interning import EPOCH_NS
from obsv.store.writing.retention import (
    CHUNKS_A_COPY,
    DAY_NS,
    ROLLUPS_LONGER,
    Action,
    Chunk,
    Facts,
    Retained,
    decide,
    excess,
)

_TIDY_EVERY_NS = MINUTE_NS
_ALL = 2**63 - 1
# Of a size limit the log may take up this part.
LOG_SHARE = 16
# What a call takes besides its texts: its numbers, and its entries in five indexes.
_CALL_BYTES = 256

_FACTS = """
select (select page_count from pragma_page_count), (select freelist_count from pragma_freelist_count),
  (select page_size from pragma_page_size), (select data_version from pragma_data_version)
"""
_TS = "strftime('%Y-%m-%d %H:%M:%S', :before_ns / 1000000000, 'unixepoch')"
# Of a store with an archive only what is in it goes by age.
_OLD = f"ts < {_TS} and id <= :archived"
_IS_EXPIRED = f"select exists(select 1 from span where {_OLD})"
_ARCHIVED = "select (select watermark from archive)"
# An archive that is away holds back what is too old up to this size, or the store's own limit.
MOST_HELD_BYTES = 8 << 30
_COUNT_UNARCHIVED = """
update tally set calls = calls + (select count(*) from json_each(:ids) where value > :archived)
where name = 'unarchived'
"""
_BYTES = f"""
{_CALL_BYTES} + length(cast(data as blob)) + coalesce(length(cast(exception as blob)), 0)
  + coalesce(length(cast(detail as blob)), 0)
  + coalesce(
    (select length(pickle) from exact_input e where e.trace_id = span.trace_id and e.span_id = span.span_id), 0)
"""
# Calls of :bytes together, and one at least, as one row: a thread beside a computing one may lose the interpreter lock
# at each. Reading their texts here, without the lock, brings the pages that the deletion needs into the cache.
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
_DELETE_LOGS = "delete from log_record where id in (select id from log_record where {} order by ts limit ?)"
# What a log record takes, with its entries in the indexes, about.
_LOG_BYTES = 512
_DELETE_EXACT = """
delete from exact_input where (trace_id, span_id) in
  (select trace_id, span_id from span where id in (select value from json_each(?)))
"""
_DELETE_SPANS = "delete from span where id in (select value from json_each(?))"
_OLDEST_ERROR = "select coalesce((select start_ns from span where status = 2 order by ts limit 1), 0)"
# A range of the key a group.
_DELETE_ERROR_CALLS = f"""
delete from error_call where group_id in (select id from error_group) and start_ns < ({_OLDEST_ERROR})
"""
_COUNT_DELETED = "update tally set calls = calls + ?, errors = errors + ? where name = 'deleted'"
# A call dated ahead outlives the time for which what it refers to is kept.
_IS_AHEAD = f"select exists(select 1 from span where ts > {_TS})"


# Keys of rows that are about to be deleted; no table has more columns in its key.
_CHOSEN_KEYS = "create temp table if not exists chosen(key_1, key_2, key_3, key_4)"


class Tidy(NamedTuple):
    """Rows that nothing needs any more: `keys` is the primary key, `where` says which rows."""

    table: str
    keys: str
    where: str

    @property
    def choose(self) -> str:
        """Puts the keys of at most :limit of them into the table `chosen`; reads much, and locks nothing."""
        return (
            f"insert into chosen({self._columns}) select {self.keys} from {self.table} where {self.where} limit :limit"
        )

    @property
    def delete(self) -> str:
        """Deletes those chosen, unless something has come to need them since."""
        chosen = f"select {self._columns} from chosen"
        # The plus keeps the planner from walking along the condition, past all rows that it holds for.
        return f"delete from {self.table} where ({self.keys}) in ({chosen}) and +({self.where})"

    @property
    def _columns(self) -> str:
        return ", ".join(f"key_{number}" for number, _ in enumerate(self.keys.split(","), 1))


# Groups of errors, and what happened to them, outlive the calls; hostile texts must not fill the file with them.
MOST_GROUPS = 10_000
_MANY = "id in (select id from {table} order by {order} desc limit -1 offset {most})"
HISTOGRAM = "total, minute, process_id, bucket"
_UNUSED = "used_ns < :unused_ns"
_GONE = "not in (select id from process)"
# In this order: an interned row goes when no writer can still hold its id (interning.py) and its rollups are gone.
TIDY = (
    Tidy("histogram", HISTOGRAM, "total in (0, 1) and minute between 1 and :minute"),
    Tidy("calls_minute", "edge, minute, parent_id, process_id", "edge in (0, 1) and minute between 1 and :minute"),
    Tidy("error_minute", "group_id, minute", "minute <= :minute"),
    Tidy("error_call", "group_id, start_ns", f"start_ns < :before_ns or start_ns < ({_OLDEST_ERROR})"),
    Tidy("error_group", "id", _MANY.format(table="error_group", order="last_ns", most=MOST_GROUPS)),
    Tidy("error_event", "id", _MANY.format(table="error_event", order="id", most=MOST_GROUPS)),
    Tidy("version", "id", _MANY.format(table="version", order="id", most=MOST_GROUPS)),
    Tidy("version_code", "version_id", "version_id not in (select id from version)"),
    Tidy("deploy", "id", _MANY.format(table="deploy", order="id", most=MOST_GROUPS)),
    Tidy("orphan", "id", "start_ns < :before_ns"),
    Tidy("request_half", "id", "arrived_ns < :before_ns"),
    Tidy("exact_input", "trace_id, span_id", "start_ns < :before_ns"),
    Tidy("recorder", "id", "updated_ns < :unused_ns"),
    Tidy("spill_progress", "path", "updated_ns < :unused_ns"),
    Tidy("ring", "ring", "updated_ns < :unused_ns"),
    Tidy("signature", "id", _UNUSED),
    Tidy("signature_field", "signature_id, position", "signature_id not in (select id from signature)"),
    Tidy("code", "id", f"{_UNUSED} and id not in (select code_id from signature)"),
    Tidy("process", "id", _UNUSED),
    Tidy("process_name", "id", _UNUSED),
    Tidy("log_record", "id", f"ts < {_TS}"),
    Tidy("source", "id", f"{_UNUSED} and not exists(select 1 from log_record l where l.source_id = source.id)"),
    Tidy("thread", "id", _UNUSED),
    Tidy("variable", "process_id, name, data_type", f"process_id {_GONE}"),
    Tidy("value_form", "process_id", f"process_id {_GONE}"),
    Tidy("feed", "name, process_id", f"process_id {_GONE}"),
    Tidy("failure_histogram", "process_id, bucket", f"process_id {_GONE}"),
    Tidy("histogram", HISTOGRAM, f"total = 0 and minute = 0 and process_id {_GONE}"),
    Tidy(
        "calls_minute",
        "edge, minute, parent_id, process_id",
        f"edge in (0, 1) and minute = 0 and (process_id {_GONE} or edge = 1 and parent_id {_GONE})",
    ),
)


class Cleaner:
    """Keeps one file within its age and size, a chunk at a time.

    Args:
        connection: of the writer; nobody else uses it meanwhile.
        path: the file.

    Attributes:
        deleted, deleted_errors: calls that are gone, and failed ones among them.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.deleted = self.deleted_errors = 0
        connection.execute(_CHOSEN_KEYS)
        self._log = path.with_name(path.name + "-wal")
        self._bytes = Chunk(32 << 10, 8 << 20)  # of calls
        self._rows, self._pages = Chunk(100, 20_000), Chunk(16, 4_000)
        self._held_s = 0.0
        self._chunks = 0  # since the log was last copied into the file
        self._floor = ""  # no success is older than this ts
        self._step = 0
        self._tidied_ns = 0
        self._changes = (-1, -1)
        self._archived = _ALL  # id up to which calls may go by age

    def clean(self, now_ns: int, max_age_ns: int | None, max_bytes: int | None) -> Retained:
        """Does one chunk of what is to be done; the arguments are those of `Writer.retain`."""
        before_ns = 0 if max_age_ns is None else max(0, now_ns - max_age_ns)
        untidy = max_age_ns is not None and abs(now_ns - self._tidied_ns) >= _TIDY_EVERY_NS
        facts = self._facts(before_ns, untidy)
        action = decide(facts, max_bytes)
        self._held_s = 0.0
        deleted, more = 0, action not in (Action.CHECKPOINT, Action.NOTHING)
        if action is Action.EXPIRE:
            deleted = self._delete(_EXPIRED, {"before_ns": before_ns, "archived": self._archived}, self._bytes.size)
        elif action is Action.SHRINK:
            deleted = self._shrink(excess(facts, max_bytes))
            more = deleted > 0
        elif action is Action.TIDY:
            deleted = self._tidy(now_ns, now_ns - before_ns)
        elif action is Action.VACUUM:
            more = self._vacuum() < facts.free_pages
        elif action is Action.COPY:
            self._copy()
        elif action is Action.CHECKPOINT:
            self._checkpoint()
        return Retained(deleted, more, self._held_s)

    def make_room(self, max_bytes: int, budget_s: float) -> None:
        """Delete the oldest calls and give back pages while the file is larger than it may be, and there is time."""
        deadline = time.perf_counter() + budget_s
        while (action := decide(self._size(), max_bytes)) in (Action.SHRINK, Action.VACUUM):
            if action is Action.SHRINK:
                done = self._shrink(excess(self._size(), max_bytes)) > 0
            else:
                free = self._size().free_pages
                done = self._vacuum() < free
            if self._chunks >= CHUNKS_A_COPY:
                self._copy()
            if not done or time.perf_counter() > deadline:
                return

    def fit_log(self, max_bytes: int | None) -> None:
        """Keep the write-ahead log small beside a small limit: it counts, and is 8 MB to 64 MB otherwise."""
        pages, size = (LOG_PAGES, LOG_BYTES)
        if max_bytes is not None:
            pages = max(64, min(pages, max_bytes // LOG_SHARE // 8192))
            size = max(1 << 20, min(size, max_bytes // LOG_SHARE))
        self._connection.execute(f"pragma wal_autocheckpoint = {pages}")
        self._connection.execute(f"pragma journal_size_limit = {size}")

    def _size(self) -> Facts:
        pages, free, page_size, _ = self._one(_FACTS)
        return Facts(False, False, pages, free, page_size, self._log_bytes(), False)

    def _facts(self, before_ns: int, untidy: bool) -> Facts:
        pages, free, page_size, version = self._one(_FACTS)
        (watermark,) = self._one(_ARCHIVED)
        held = watermark is not None and (pages - free) * page_size <= MOST_HELD_BYTES
        self._archived = watermark if held else _ALL
        (expired,) = self._one(_IS_EXPIRED, {"before_ns": before_ns, "archived": self._archived})
        changes = version, self._connection.total_changes
        idle, self._changes = changes == self._changes, changes
        return Facts(bool(expired), untidy, pages, free, page_size, self._log_bytes(), idle, self._chunks)

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def _one(self, sql: str, params: Any = ()) -> Sequence[Any]:
        row: Sequence[Any] = self._connection.execute(sql, params).fetchone()
        return row

    def _shrink(self, excess_bytes: int) -> int:
        size = max(self._bytes.least, min(self._bytes.size, excess_bytes))
        if self._one(_LOGS_FIRST, {"floor": self._floor})[0]:
            return self._delete_logs(_MILD, size)
        deleted = self._delete(_SUCCESSES, {"floor": self._floor}, size)
        if not deleted:
            deleted = self._delete_logs(_SEVERE, size)
        if not deleted:
            (self._floor,) = self._one(_NEWEST)
            deleted = self._delete(_ERRORS, {}, size)
            with self._locked():
                self._connection.execute(_DELETE_ERROR_CALLS)
        return deleted

    def _delete_logs(self, which: str, size: int) -> int:
        with self._locked():
            deleted = self._connection.execute(_DELETE_LOGS.format(which), (size // _LOG_BYTES + 1,)).rowcount
        self._bytes.took(self._held_s)
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
        self._bytes.took(self._held_s)
        self._connection.execute(_COUNT_DELETED, (deleted, failed))
        (watermark,) = self._one(_ARCHIVED)
        if watermark is not None:
            self._connection.execute(_COUNT_UNARCHIVED, {"ids": ids, "archived": watermark})
        self.deleted += deleted
        self.deleted_errors += failed
        if select is _SUCCESSES:
            self._floor = last_ts
        return deleted

    def _tidy(self, now_ns: int, max_age_ns: int) -> int:
        rollups_ns = ROLLUPS_LONGER * max_age_ns
        unused_ns = now_ns - rollups_ns - DAY_NS - EPOCH_NS
        params = {
            "before_ns": now_ns - max_age_ns,
            "unused_ns": 0 if self._one(_IS_AHEAD, {"before_ns": now_ns + DAY_NS})[0] else unused_ns,
            "minute": max(0, (now_ns - rollups_ns) // MINUTE_NS),
        }
        while self._step < len(TIDY):
            tidy = TIDY[self._step]
            self._connection.execute("delete from chosen")
            if self._connection.execute(tidy.choose, {**params, "limit": self._rows.size}).rowcount:
                with self._locked():
                    deleted = self._connection.execute(tidy.delete, params).rowcount
                self._rows.took(self._held_s)
                return deleted
            self._step += 1
        self._step, self._tidied_ns = 0, now_ns
        return 0

    def _vacuum(self) -> int:
        with self._locked():
            # Not `execute`: it would stop after the first page.
            self._connection.executescript(f"pragma incremental_vacuum({self._pages.size})")
        self._pages.took(self._held_s)
        return int(self._one("pragma freelist_count")[0])

    # PASSIVE copies pages without keeping writers out; TRUNCATE, which does keep them out, then has nothing to copy.
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

    # What locks is one statement: it never waits for the interpreter while it has the lock. The copying of the log that
    # SQLite appends to some commits needs no lock, but would be taken for part of the chunk.
    @contextmanager
    def _locked(self) -> Iterator[None]:
        (copy_at,) = self._one("pragma wal_autocheckpoint")
        self._connection.execute("pragma wal_autocheckpoint = 0")
        began = time.perf_counter()
        try:
            yield
        finally:
            self._held_s = max(self._held_s, time.perf_counter() - began)
            self._connection.execute(f"pragma wal_autocheckpoint = {copy_at}")
            self._chunks += 1
