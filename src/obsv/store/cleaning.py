"""Retention's hands: each chunk is one short write, its rows chosen beforehand without a lock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from obsv.store.interning import EPOCH_NS
from obsv.store.retention import DAY_NS, ROLLUPS_LONGER, Action, Chunk, Facts, Retained, decide
from obsv.store.rollups import MINUTE_NS

_TIDY_EVERY_NS = MINUTE_NS

_FACTS = """
select (select page_count from pragma_page_count), (select freelist_count from pragma_freelist_count),
  (select page_size from pragma_page_size), (select data_version from pragma_data_version)
"""
_TS = "strftime('%Y-%m-%d %H:%M:%S', :before_ns / 1000000000, 'unixepoch')"
_IS_EXPIRED = f"select exists(select 1 from span where ts < {_TS})"
# One row, not one a call: a thread beside a computing one may lose the interpreter lock at each.
_CHOSEN = "select json_group_array(id), max(ts) from (select id, ts from span {} order by ts limit :limit)"
_EXPIRED = _CHOSEN.format(f"where ts < {_TS}")
_SUCCESSES = _CHOSEN.format("indexed by span_by_ts where ts >= :floor and status <> 2")
_ERRORS = _CHOSEN.format("indexed by span_errors where status = 2")
_NEWEST = "select coalesce(max(ts), '') from span"
_DELETE_EXACT = """
delete from exact_input where (trace_id, span_id) in
  (select trace_id, span_id from span where id in (select value from json_each(?)))
"""
_DELETE_SPANS = "delete from span where id in (select value from json_each(?))"
# A call dated ahead outlives the time for which what it refers to is kept.
_IS_AHEAD = f"select exists(select 1 from span where ts > {_TS})"


class Tidy(NamedTuple):
    """Rows that nothing needs any more: `keys` is the primary key, `where` says which rows."""

    table: str
    keys: str
    where: str

    @property
    def probe(self) -> str:
        """Whether there are any."""
        return f"select exists(select 1 from {self.table} where {self.where})"

    @property
    def delete(self) -> str:
        """Deletes at most :limit of them."""
        chosen = f"select {self.keys} from {self.table} where {self.where} limit :limit"
        return f"delete from {self.table} where ({self.keys}) in ({chosen})"


HISTOGRAM = "total, minute, process_id, bucket"
_UNUSED = "used_ns < :unused_ns"
_GONE = "not in (select id from process)"
# In this order: an interned row goes when no writer can still hold its id (interning.py) and its rollups are gone.
TIDY = (
    Tidy("histogram", HISTOGRAM, "total in (0, 1) and minute between 1 and :minute"),
    Tidy("calls_minute", "edge, minute, parent_id, process_id", "edge in (0, 1) and minute between 1 and :minute"),
    Tidy("orphan", "id", "start_ns < :before_ns"),
    Tidy("request_half", "id", "arrived_ns < :before_ns"),
    Tidy("exact_input", "trace_id, span_id", "start_ns < :before_ns"),
    Tidy("recorder", "id", "updated_ns < :unused_ns"),
    Tidy("spill_progress", "path", "updated_ns < :unused_ns"),
    Tidy("signature", "id", _UNUSED),
    Tidy("signature_field", "signature_id, position", "signature_id not in (select id from signature)"),
    Tidy("code", "id", f"{_UNUSED} and id not in (select code_id from signature)"),
    Tidy("process", "id", _UNUSED),
    Tidy("process_name", "id", _UNUSED),
    Tidy("source", "id", _UNUSED),
    Tidy("thread", "id", _UNUSED),
    Tidy("variable", "process_id, name, data_type", f"process_id {_GONE}"),
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
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._log = path.with_name(path.name + "-wal")
        self._rows, self._pages = Chunk(), Chunk(least=16, most=4_000)
        self._floor = ""  # no success is older than this ts
        self._step = 0
        self._tidied_ns = 0
        self._changes = (-1, -1)

    def clean(self, now_ns: int, max_age_ns: int | None, max_bytes: int | None) -> Retained:
        """Does one chunk of what is to be done; the arguments are those of `Writer.retain`."""
        before_ns = 0 if max_age_ns is None else max(0, now_ns - max_age_ns)
        untidy = max_age_ns is not None and abs(now_ns - self._tidied_ns) >= _TIDY_EVERY_NS
        action = decide(self._facts(before_ns, untidy), max_bytes)
        if action is Action.EXPIRE:
            return Retained(self._delete(_EXPIRED, {"before_ns": before_ns}), True)
        if action is Action.SHRINK:
            return self._shrink()
        if action is Action.TIDY:
            return self._tidy(now_ns, now_ns - before_ns)
        if action is Action.VACUUM:
            return self._vacuum()
        if action is Action.CHECKPOINT:
            self._checkpoint()
        return Retained(0, False)

    def _facts(self, before_ns: int, untidy: bool) -> Facts:
        (expired,) = self._one(_IS_EXPIRED, {"before_ns": before_ns})
        pages, free, page_size, version = self._one(_FACTS)
        changes = version, self._connection.total_changes
        idle, self._changes = changes == self._changes, changes
        return Facts(bool(expired), untidy, pages, free, page_size, self._log_bytes(), idle)

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def _one(self, sql: str, params: Any = ()) -> Sequence[Any]:
        row: Sequence[Any] = self._connection.execute(sql, params).fetchone()
        return row

    def _shrink(self) -> Retained:
        deleted = self._delete(_SUCCESSES, {"floor": self._floor})
        if not deleted:
            (self._floor,) = self._one(_NEWEST)
            deleted = self._delete(_ERRORS, {})
        return Retained(deleted, deleted > 0)

    def _delete(self, select: str, params: dict[str, Any]) -> int:
        ids, last_ts = self._one(select, {**params, "limit": self._rows.size})
        if last_ts is None:
            return 0
        if self._one("select exists(select 1 from exact_input)")[0]:
            with self._measured(self._rows):
                self._connection.execute(_DELETE_EXACT, (ids,))
        with self._measured(self._rows):
            deleted = self._connection.execute(_DELETE_SPANS, (ids,)).rowcount
        if select is _SUCCESSES:
            self._floor = last_ts
        return deleted

    def _tidy(self, now_ns: int, max_age_ns: int) -> Retained:
        rollups_ns = ROLLUPS_LONGER * max_age_ns
        unused_ns = now_ns - rollups_ns - DAY_NS - EPOCH_NS
        params = {
            "before_ns": now_ns - max_age_ns,
            "unused_ns": 0 if self._one(_IS_AHEAD, {"before_ns": now_ns + DAY_NS})[0] else unused_ns,
            "minute": max(0, (now_ns - rollups_ns) // MINUTE_NS),
        }
        while self._step < len(TIDY):
            tidy = TIDY[self._step]
            if self._one(tidy.probe, params)[0]:
                with self._measured(self._rows):
                    cursor = self._connection.execute(tidy.delete, {**params, "limit": self._rows.size})
                return Retained(cursor.rowcount, True)
            self._step += 1
        self._step, self._tidied_ns = 0, now_ns
        return Retained(0, True)

    def _vacuum(self) -> Retained:
        with self._measured(self._pages):
            # Not `execute`: it would stop after the first page.
            self._connection.executescript(f"pragma incremental_vacuum({self._pages.size})")
        return Retained(0, True)

    # PASSIVE copies pages without keeping writers out; TRUNCATE, which does keep them out, then has nothing to copy.
    def _checkpoint(self) -> None:
        _, log, copied = self._one("pragma wal_checkpoint(passive)")
        if log == copied:
            (patience_ms,) = self._one("pragma busy_timeout")
            self._connection.execute("pragma busy_timeout = 0")
            self._connection.execute("pragma wal_checkpoint(truncate)").fetchall()
            self._connection.execute(f"pragma busy_timeout = {patience_ms}")

    @contextmanager
    def _measured(self, chunk: Chunk) -> Iterator[None]:
        began = time.perf_counter()
        yield
        chunk.took(time.perf_counter() - began)
