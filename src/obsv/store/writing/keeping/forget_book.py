"""Removal from the file on request, with a receipt: calls, what was made of them, and texts that are left of them."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from obsv.acting import require
from obsv.errors import StoreUnavailable
from obsv.store.file import note_change, open_writer
from obsv.store.file.failures import explained
from obsv.store.file.reader import lenient_text
from obsv.store.ground import Range, SpanRow
from obsv.store.writing.keeping.kept_texts import KEPT, Kept, KeptKind
from obsv.store.writing.keeping.left_texts import FORGOTTEN, KEYED, TEXTS, pattern_of, without
from obsv.store.writing.short_transaction import PATIENCE_S

_CACHE_KIB = 8_000
# Rows of one transaction, which locks the file for some 10 ms.
_CHUNK = 2_000
# A smaller file is rebuilt in memory: its bytes are then in no temporary file.
_IN_MEMORY = 256 << 20
# Until readers that began before have ended.
_LOG_S = 20.0

_BEGIN = """
insert into forgotten(begun_ns, until_ns, actor, via, condition, steps, counts, remarks)
values (?, ?, ?, ?, ?, 1, '{}', '[]')
"""
_STEP = "update forgotten set steps = steps + 1 where id = ?"
_END = "update forgotten set ended_ns = ?, counts = ?, remarks = ? where id = ?"
_RECEIPTS = """
select id, begun_ns, ended_ns, until_ns, actor, via, condition, counts, remarks from forgotten order by id desc limit ?
"""
_IDS = "(select value from json_each(?))"
_OF_CALLS = f"where (trace_id, span_id) in (select trace_id, span_id from span where id in {_IDS})"
# In this order: what is found by a call goes before it.
_REMOVE_CALLS = (
    f"delete from exact_input {_OF_CALLS}",
    f"delete from error_call {_OF_CALLS}",
    f"delete from orphan where (trace_id, parent_span_id) in (select trace_id, span_id from span where id in {_IDS})",
    # The filters of a search have bits of the calls' texts.
    "delete from block_group where exists (select 1 from json_each(?) where value between first_id and last_id)",
)
_DELETED = f"""
update tally set calls = calls + (select count(*) from span where id in {_IDS}),
  errors = errors + (select count(*) from span where id in {_IDS} and status = 2) where name = 'deleted'
"""
_UNNEEDED = """
delete from error_group where id not in (select group_id from error_call) and merged_into is null
  and json_valid(first_sample) and json_valid(latest_sample)
  and json_extract(first_sample, '$.exception') like '%(forgotten)'
  and json_extract(latest_sample, '$.exception') like '%(forgotten)'
"""


class Receipt(NamedTuple):
    """A note of a removal on request.

    Args:
        id: its number.
        begun_ns, ended_ns: Unix time; not ended: it was interrupted, and must be repeated.
        until_ns: everything that was recorded until then was searched.
        actor, via: who asked, and how.
        condition: `salt:hash`, SHA-256 in hex of the salt, the query and the range; the query itself is not kept.
        counts: rows removed, by place.
        remarks: what may be left.
    """

    id: int
    begun_ns: int
    ended_ns: int | None
    until_ns: int
    actor: str
    via: str
    condition: str
    counts: dict[str, int]
    remarks: tuple[str, ...]


class Search(NamedTuple):
    """A search through what the file keeps beside calls.

    Args:
        calls, others: test calls, and what only looks like one.
        identities: trace and span ID of removed calls.
        moments: name of the process and start of removed calls.
        range: of the starts of what is found without its call.
    """

    calls: Callable[[Sequence[SpanRow]], list[bool]]
    others: Callable[[Sequence[SpanRow]], list[bool]]
    identities: Collection[bytes]
    moments: Collection[tuple[str, int]]
    range: Range

    def hits(self, kind: KeptKind, rows: Sequence[Kept]) -> list[Kept]:
        """Return those to be removed."""
        found = (self.calls if kind.is_call else self.others)([row.call for row in rows])
        return [
            row
            for row, is_found in zip(rows, found, strict=True)
            if (is_found and self.range.first_ns <= row.call.start_ns <= self.range.last_ns)
            or row.identity in self.identities
            or row.moment in self.moments
        ]


class ForgetBook:
    """Removes rows of a file. For one thread at a time; each method is repeated without harm after an interruption.

    Args:
        path: the database file, which exists.

    All methods raise `StoreError`s.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        if not self._path.exists():
            raise StoreUnavailable(f"There is no database at {path}; name another one with --db or OBSV_DB.")
        self._connection = open_writer(self._path, PATIENCE_S, _CACHE_KIB)
        self._connection.execute("pragma secure_delete = on")
        self._connection.text_factory = lenient_text
        self._receipt = 0

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def begin(self, condition: str, until_ns: int, now_ns: int) -> int:
        """Note that something is going to be forgotten; return the number of its receipt.

        Raises:
            Forbidden: the current actor is not an admin.
        """
        by = require("admin")
        with self._step():
            note_change(self._connection, "admin", "forget", condition)
            told = now_ns, until_ns, by.name, by.via, condition
            self._receipt = self._connection.execute(_BEGIN, told).lastrowid or 0
        return self._receipt

    def steps(self) -> int:
        """Return how many times rows were removed on request, as archivers compare it."""
        with explained(self._path):
            (steps,) = self._connection.execute("select coalesce(sum(steps), 0) from forgotten").fetchone()
            return int(steps)

    def unneeded_files(self) -> dict[str, str]:
        """Return files of the archive that nobody enters into the catalog any more: address by name."""
        with self._step():
            return dict(self._connection.execute("select name, url from archive_replaced").fetchall())

    def receivers(self) -> list[str]:
        """Return where calls were sent to from this file."""
        with explained(self._path):
            return [row[0] for row in self._connection.execute("select target from sent order by target")]

    def find(self, search: Search) -> dict[str, list[tuple[Any, ...]]]:
        """Return the keys of rows that were made of calls and are to be removed, by kind."""
        with explained(self._path):
            return {
                kind.name: [row.key for rows in kind.read(self._connection) for row in search.hits(kind, rows)]
                for kind in KEPT
            }

    def decision_ids(self, keys: Sequence[tuple[Any, ...]]) -> set[str]:
        """Return the IDs of decisions that were found, by which their outcomes in an archive are known."""
        sql = "select decision_id from decision_made where id in (select value from json_each(?))"
        with explained(self._path):
            return {row[0] for row in self._connection.execute(sql, (json.dumps([key[0] for key in keys]),))}

    def outcomes_of(self, decision_ids: Collection[str]) -> list[tuple[int]]:
        """Return the keys of the outcomes of some decisions."""
        sql = "select id from outcome_seen where decision_id in (select value from json_each(?))"
        with explained(self._path):
            return self._connection.execute(sql, (json.dumps(list(decision_ids)),)).fetchall()

    def remove(self, found: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
        """Remove what `find` found."""
        for kind in KEPT:
            keys = found[kind.name]
            for at in range(0, len(keys), _CHUNK):
                with self._step():
                    for sql in kind.remove:
                        self._connection.executemany(sql, keys[at : at + _CHUNK])

    def remove_calls(self, ids: Sequence[int]) -> None:
        """Remove calls, their exact inputs, and what leads to them. What was counted of them stays counted."""
        for at in range(0, len(ids), _CHUNK):
            some = json.dumps(list(ids[at : at + _CHUNK]))
            with self._step():
                for sql in _REMOVE_CALLS:
                    self._connection.execute(sql, (some,))
                self._connection.execute(_DELETED, (some, some))
                self._connection.execute(f"delete from span where id in {_IDS}", (some,))

    def remove_kept_traces(self, trace_ids: Sequence[str]) -> None:
        """Remove traces that are kept beyond retention."""
        for trace_id in trace_ids:
            with self._step():
                self._connection.execute("delete from kept_trace where trace_id = ?", (trace_id,))

    def remove_groups(self) -> int:
        """Remove groups of errors of which nothing but forgotten samples is left; return how many."""
        with self._step():
            removed = self._connection.execute(_UNNEEDED).rowcount
            self._connection.execute("delete from error_minute where group_id not in (select id from error_group)")
            return removed

    def remove_exact(self, identities: Collection[bytes]) -> None:
        """Remove exact inputs and places of errors of calls that are not in the file any more."""
        keys = [(each[:16], each[16:]) for each in identities]
        for at in range(0, len(keys), _CHUNK):
            with self._step():
                for table in ("exact_input", "error_call"):
                    sql = f"delete from {table} where trace_id = ? and span_id = ?"
                    self._connection.executemany(sql, keys[at : at + _CHUNK])

    def replace_texts(self, texts: Sequence[str], is_dry: bool) -> int:
        """Replace texts in rows that stay, letters in either case; return in how many rows they are.

        Args:
            texts: what to replace.
            is_dry: whether to count them only.
        """
        if not texts:
            return 0
        pattern = pattern_of(texts)
        replaced = 0
        for table, column in TEXTS:
            rows = self._rows_with(table, column, pattern)
            replaced += len(rows)
            for at in range(0, 0 if is_dry else len(rows), _CHUNK):
                with self._step():
                    for rowid, key, text in rows[at : at + _CHUNK]:
                        self._replace(table, column, key, rowid, pattern, text)
        return replaced

    def _rows_with(self, table: str, column: str, pattern: re.Pattern[str]) -> list[tuple[Any, str, str]]:
        key, is_keyed = _KEYS.get(table, "id"), (table, column) in KEYED
        sql = f"select {key}, {column} from {table} where typeof({column}) = 'text'"
        with explained(self._path):
            return [
                (row[0], key, row[1])
                for row in self._connection.execute(sql)
                if without(pattern, row[1], FORGOTTEN, is_keyed) != row[1]
            ]

    def _replace(self, table: str, column: str, key: str, of: Any, pattern: re.Pattern[str], text: str) -> None:
        sql, is_keyed = f"update {table} set {column} = ? where {key} = ?", (table, column) in KEYED
        try:
            self._connection.execute(sql, (without(pattern, text, FORGOTTEN, is_keyed), of))
        except sqlite3.IntegrityError:  # two rows that differed in nothing else
            self._connection.execute(sql, (without(pattern, text, f"(forgotten {of})", is_keyed), of))

    def open_calls(self) -> list[tuple[str, bytes]]:
        """Return the begin records of running calls that the file keeps, by ring."""
        with explained(self._path):
            return self._connection.execute("select ring, open from ring where open is not null").fetchall()

    def replace_open_calls(self, ring: str, old: bytes, new: bytes) -> None:
        """Replace the begin records of a ring, unless its keeper has done so meanwhile."""
        with self._step():
            self._connection.execute("update ring set open = ? where ring = ? and open = ?", (new, ring, old))

    def stored_positions(self) -> dict[str, tuple[int, int]]:
        """Return how far the calls and the errors of each ring are stored."""
        with explained(self._path):
            return {
                row[0]: (row[1], row[2]) for row in self._connection.execute("select ring, calls, errors from ring")
            }

    def rebuild(self) -> bool:
        """Write the file anew, so that no free page and no log has what was deleted, by retention neither.

        Returns:
            False if readers that do not end kept the log.
        """
        with explained(self._path):
            if self._path.stat().st_size > _IN_MEMORY:
                self._connection.execute("pragma temp_store = file")
            deadline = time.monotonic() + _LOG_S
            self._connection.execute("vacuum")
            while True:
                is_busy, *_ = self._connection.execute("pragma wal_checkpoint(truncate)").fetchone()
                if not is_busy:
                    return True
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.05)

    def end(self, counts: Mapping[str, int], remarks: Sequence[str], now_ns: int) -> None:
        """Complete the receipt."""
        with self._step():
            self._connection.execute(_END, (now_ns, json.dumps(dict(counts)), json.dumps(list(remarks)), self._receipt))
            told = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
            note_change(self._connection, "admin", "forgot", f"receipt {self._receipt}", told or "nothing")

    def receipts(self, limit: int = 100) -> list[Receipt]:
        """Return the latest receipts, latest first."""
        with explained(self._path):
            rows = self._connection.execute(_RECEIPTS, (limit,)).fetchall()
        return [
            Receipt._make((*told, json.loads(counts), tuple(json.loads(remarks)))) for *told, counts, remarks in rows
        ]

    @contextmanager
    def _step(self) -> Iterator[None]:
        """Commit everything in the block, or nothing of it; archivers that read rows before then enter nothing."""
        with explained(self._path):
            self._connection.execute("begin immediate")
            try:
                yield
                self._connection.execute(_STEP, (self._receipt,))
                self._connection.execute("commit")
            except BaseException:
                self._connection.rollback()
                raise


_KEYS = {
    "alert": "fingerprint", "notification": "id", "silence": "id", "recorder": "id", "archive": "one",
    "alert_rule": "name",
}  # fmt: skip
