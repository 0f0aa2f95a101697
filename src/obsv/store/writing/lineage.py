"""Callers unknown to the recording process: found in the batch, in the file, or later when they arrive."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from obsv.store.ground import Rollups, SpanRow
from obsv.store.writing.interning import Ids
from obsv.store.writing.sql.statements import Insert, Lookup

Key = tuple[bytes, bytes]  # (trace id, span id)
Known = tuple[int, int]  # (process id, depth)

_CALLERS = Lookup("span", "trace, span_id", "process_id, depth")
_WAITS = "process_id, start_ns, duration_ns, status, calls, recorded, total_ns"
_ORPHAN = Insert("orphan", f"trace_id, parent_span_id, {_WAITS}", "do nothing")
_WAITING = Lookup("orphan", "trace_id, parent_span_id", f"id, {_WAITS}")
# At most this many orphans are remembered; older ones wait in vain.
_MOST_ORPHANS = 100_000


class Callers:
    """The callers of a batch's foreign rows.

    Args:
        connection: connection in the transaction that writes the batch.
        rows: the whole batch.
        foreign: its rows with a `parent_span_id` and no `parent`.
        ids: IDs of all signatures in the batch.
    """

    def __init__(
        self, connection: sqlite3.Connection, rows: Iterable[SpanRow], foreign: Sequence[SpanRow], ids: Ids
    ) -> None:
        self._rows = {(row.trace_id, row.span_id): row for row in rows}
        self._depths: dict[Key, int] = {}  # found so far: a chain of callers is walked once, whatever its depth
        self._ids = ids
        wanted = {_parent_key(row) for row in foreign}
        outside = [key for key in wanted if key not in self._rows]
        found = _CALLERS.run(connection, [(trace.hex(), span) for trace, span in outside])
        self._known: dict[Key, Known] = {outside[position]: (process, depth) for position, process, depth in found}

    def join(self, rows: Iterable[SpanRow], rollups: Rollups) -> list[SpanRow]:
        """Add the edges of foreign rows to the rollups; return the rows whose caller is unknown."""
        lonely = []
        for row in rows:
            parent_id = self._process_id(_parent_key(row))
            if parent_id is None:
                lonely.append(row)
            else:
                process_id = self._ids.process_id(row.signature)
                if row.weight is not None:
                    rollups.add_weighted_edge(parent_id, process_id, row, row.weight)
                else:
                    rollups.add_edge(parent_id, process_id, (row.start_ns,), (row.duration_ns,), (row.status,))
        return lonely

    def _process_id(self, key: Key) -> int | None:
        inside = self._rows.get(key)
        if inside is not None:
            return self._ids.process_id(inside.signature)
        return self._known[key][0] if key in self._known else None

    def placed(self, row: SpanRow) -> SpanRow:
        """Return the row with its depth, as far as known."""
        chain: list[Key] = []
        at = row
        while (depth := self._settled(at)) is None:
            key = at.trace_id, at.span_id
            self._depths[key] = at.depth  # where a cycle of callers ends
            chain.append(key)
            at = self._rows[_parent_key(at)]
        for key in reversed(chain):
            depth += 1
            self._depths[key] = depth
        return row if depth == row.depth else row._replace(depth=depth)

    def _settled(self, row: SpanRow) -> int | None:
        """Return the depth of a row; None if it depends on a caller in the batch."""
        key = row.trace_id, row.span_id
        if key in self._depths:
            return self._depths[key]
        if row.parent is not None or row.parent_span_id is None:
            return row.depth
        parent = _parent_key(row)
        if parent in self._known:
            return self._known[parent][1] + 1
        return None if parent in self._rows else row.depth


class Orphans:
    """The orphans of one file, as far as a writer has seen them: the parents that they wait for."""

    def __init__(self) -> None:
        self._seen = 0
        self._awaited: dict[bytes, None] = {}  # parent span IDs, oldest first

    def add(self, connection: sqlite3.Connection, rows: Iterable[SpanRow], ids: Ids) -> None:
        """Store foreign rows whose caller is unknown."""
        values = [
            value
            for row in rows
            for value in (
                row.trace_id,
                row.parent_span_id,
                ids.process_id(row.signature),
                row.start_ns,
                row.duration_ns,
                row.status,
                *((1, 1, None) if row.weight is None else row.weight[:3]),
            )
        ]
        _ORPHAN.run(connection, values)

    def adopt(self, connection: sqlite3.Connection, rows: Sequence[SpanRow], ids: Ids, rollups: Rollups) -> None:
        """Remove the orphans whose parent is among the rows from the table, and add their edges to the rollups."""
        self._catch_up(connection)
        parents = [row for row in rows if row.span_id in self._awaited] if self._awaited else []
        if not parents:
            return
        found = _WAITING.run(connection, [(row.trace_id, row.span_id) for row in parents])
        for position, _, process_id, start, duration, status, *counted in found:
            parent_id = ids.process_id(parents[position].signature)
            rollups.add_adopted(parent_id, process_id, start, duration, status, *counted)
        adopted = json.dumps([row[1] for row in found])
        connection.execute("delete from orphan where id in (select value from json_each(?))", (adopted,))

    # Other processes add orphans too. One short statement per batch; most files have none.
    def _catch_up(self, connection: sqlite3.Connection) -> None:
        (newest,) = connection.execute("select max(id) from orphan").fetchone()
        if newest is None:
            self._awaited.clear()
        elif newest > self._seen:
            for (parent,) in connection.execute("select parent_span_id from orphan where id > ?", (self._seen,)):
                self._awaited[parent] = None
            self._seen = newest
            for parent in list(self._awaited)[: len(self._awaited) - _MOST_ORPHANS]:
                del self._awaited[parent]


def _parent_key(row: SpanRow) -> Key:
    return row.trace_id, row.parent_span_id or b""
