"""Spans that share IDs: which of them are the same span, and how the others are identified.

Two rows with the same trace and span ID are one span if service, kind and start are equal, and the name, unless one of
them has not ended. Of one span, the row that has ended, and later, stays. Any other row is a separate span, under an ID
derived from its IDs, service and kind, so that a repeated row is recognized: it is looked for under all IDs that it may
have before it gets one.

Zipkin's two sides of a request share an ID. There the server side keeps it, because its children refer to it, and is
placed below the client side, which gets another (docs/connect.md).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from obsv.store.ground import ERROR, EVER, RECEIVED, Half, Rollups, SpanRow, is_unfinished, is_without_start, minute_of
from obsv.store.ground.requests import ANSWERING, ASKING, CLIENT, CONSUMER, MESSAGING, PRODUCER, SERVER
from obsv.store.writing.batch import SPANS, Batch
from obsv.store.writing.faults import Failed
from obsv.store.writing.interning import Ids
from obsv.store.writing.lineage import Callers
from obsv.store.writing.sql.requests import HALF

Key = tuple[bytes, bytes]  # (trace id, span id)

# The client kind, by server kind.
_ASKS = {SERVER: CLIENT, CONSUMER: PRODUCER}
_ANSWERS = {asking: answering for answering, asking in _ASKS.items()}

_STORED = f"""
s.id, s.process_id, p.service, p.kind, p.name, o.origin = '{RECEIVED}', s.start_ns, s.duration_ns, s.status,
  coalesce(s.weight, 1), s.parent_span_id, s.detail
"""
_NAMED = "join process p on p.id = s.process_id join source o on o.id = s.source_id"
_FOUND = f"select {_STORED} from span s {_NAMED} where s.trace = ? and s.span_id = ?"
# In a trace with more spans, some edges stay as first counted.
_MOST_LOOKED_AT = 10_000
_BELOW = f"""
select s.span_id, {_STORED} from (select * from span where trace = ? limit ?) s {_NAMED} where s.parent_span_id = ?
"""
_WAITS_FOR = """
delete from orphan where id = (select id from orphan
  where trace_id = ? and parent_span_id = ? and process_id = ? and start_ns = ?
    and duration_ns = ? and status = ? limit 1)
"""
# By group, because the table is sorted that way.
_ERROR_CALL = """
update or ignore error_call set span_id = ?
where group_id in (select id from error_group) and start_ns = ? and trace_id = ? and span_id = ?
"""
_NO_CALLS = "delete from calls_minute where edge = ? and minute = ? and parent_id = ? and process_id = ? and count <= 0"
_HALF = "update request_half set span_id = ? where span_id = ? and trace_id = ? and side = ? and service = ?"


class Stored(NamedTuple):
    """The stored row with an ID."""

    id: int
    process_id: int
    service: str
    kind: int
    name: str
    received: bool
    start_ns: int
    duration_ns: int
    status: int
    calls: int
    parent_span_id: bytes | None
    detail: str | None


class SharedIds:
    """The rows of a batch of which some were skipped because their IDs were taken.

    Args:
        connection: connection in the transaction that writes the batch.
        rows: the whole batch, in the order of insertion.
        inserted: number of inserted rows.
        ids: IDs of all signatures and origins in the batch.
        now_ns: Unix time.

    Attributes:
        replaced: removed rows of earlier batches: the same span arrived in a later state.
    """

    def __init__(
        self, connection: sqlite3.Connection, rows: Sequence[SpanRow], inserted: int, ids: Ids, now_ns: int
    ) -> None:
        self._connection, self._ids, self._now_ns = connection, ids, now_ns
        self._rows: dict[Key, SpanRow] = {}  # rows stored by this batch, by their key
        self._came: dict[Key, SpanRow] = {}  # as received
        self._edges: list[tuple[int, Stored, int]] = []  # parent's process, child, change of the count
        self._held: dict[Key, int] = {}  # processes that had a key before the batch
        self._moved: dict[Key, tuple[bytes, Stored]] = {}  # rows of earlier batches, and the parent that they got
        self._told: set[Key] = set()
        self.replaced: list[Stored] = []
        passed = []
        new = _latest(connection, inserted)
        for row in rows:
            key = row.trace_id, row.span_id
            if key in new and key not in self._rows:
                self._rows[key] = self._came[key] = row
            else:
                passed.append(row)
        for row in passed:
            self._place(row)
        self._hang()

    def rows(self) -> list[SpanRow]:
        """Return the stored rows of the batch, as stored."""
        return list(self._rows.values())

    def untold(self) -> list[SpanRow]:
        """Return those of them that no count of requests between services includes yet."""
        return [row for key, row in self._rows.items() if key not in self._told]

    def errors(self, failed: Sequence[Failed]) -> list[Failed]:
        """Return the errors whose calls are stored, each once, as stored."""
        stored = {_mark(came): self._rows[key] for key, came in self._came.items()}
        found = {_mark(each.row): each for each in reversed(failed)}
        known = {(old.process_id, old.start_ns) for old in self.replaced if old.status == ERROR}
        return [
            each._replace(row=stored[mark])
            for mark, each in reversed(found.items())
            if mark in stored and (self._ids.process_id(each.row.signature), each.row.start_ns) not in known
        ]

    def correct(self, rollups: Rollups) -> None:
        """Subtract from the rollups what was added for rows that were removed or moved below another."""
        for old in self.replaced:  # what was only counted has no row that could come again
            rollups.take_back(old.process_id, old.start_ns, old.duration_ns, old.status, old.calls)
        for parent_id, old, more in self._edges:
            rollups.correct_edge(parent_id, old.process_id, old.start_ns, old.duration_ns, old.status, more * old.calls)

    def tidy(self) -> None:
        """Delete rows that the corrections reduced to zero."""
        for parent_id, old, more in self._edges:
            if more < 0:
                self._tidy(old, 1, parent_id)
        for old in self.replaced:
            self._tidy(old, 0, 0)

    def _tidy(self, old: Stored, edge: int, parent_id: int) -> None:
        for minute in (EVER, minute_of(old.start_ns)):
            self._connection.execute(_NO_CALLS, (edge, minute, parent_id, old.process_id))

    # -- one row ------------------------------------------------------------------------------------------------------

    def _place(self, row: SpanRow) -> None:
        places = [(row.trace_id, span_id) for span_id in _places(row)]
        taken = [(key, old) for key in places if (old := self._find(key)) is not None]
        # Before it gets a place: who has its ID, or the parent that the sides must share, may have changed since.
        for key, old in taken:
            if self._is_same(row, old):
                if _is_later(row, old):
                    self._replace(row, key, old)
                return
        if taken and taken[0][0] == places[0] and self._are_sides(row, taken[0][1]):
            return
        free = next((key for key in places if key not in dict(taken)), None)
        if free is not None:
            self._insert(row, row._replace(span_id=free[1]))

    def _find(self, key: Key) -> Stored | None:
        found = self._connection.execute(_FOUND, (key[0].hex(), key[1])).fetchone()
        return None if found is None else Stored(*found)

    @staticmethod
    def _is_same(row: SpanRow, old: Stored) -> bool:
        if (old.service, old.kind) != (row.signature.service, row.signature.kind):
            return False
        # A span without a valid time starts when it arrived.
        starts = [None if is_without_start(each.detail) else each.start_ns for each in (row, old)]
        return starts[0] == starts[1] and (
            old.name == row.signature.name or is_unfinished(row.detail) or is_unfinished(old.detail)
        )

    def _insert(self, came: SpanRow, row: SpanRow) -> None:
        key = row.trace_id, row.span_id
        placed = Callers(self._connection, [row], Batch([row]).foreign(), self._ids).placed(row)
        SPANS.run(self._connection, *Batch([placed]).values(self._ids))
        self._rows[key], self._came[key] = placed, came

    def _replace(self, row: SpanRow, key: Key, old: Stored) -> None:
        self._connection.execute("delete from span where id = ?", (old.id,))
        if key in self._rows:
            del self._rows[key], self._came[key]
        else:
            self._unhang(key, old)
            self._held.setdefault(key, old.process_id)
            self.replaced.append(old)
            if not is_unfinished(old.detail):
                self._told.add(key)
        self._insert(row, row._replace(span_id=key[1]))

    # -- two sides of a request ---------------------------------------------------------------------------------------

    def _are_sides(self, row: SpanRow, old: Stored) -> bool:
        """Store a row that shares its ID with the other side of a request; return whether it does."""
        kind = row.signature.kind
        if _ASKS.get(kind) == old.kind:
            return self._answer(row, old)
        return _ANSWERS.get(kind) == old.kind and self._ask(row, old)

    def _answer(self, row: SpanRow, old: Stored) -> bool:
        """Store the server side arriving second: it gets the ID, and the client side gets another."""
        asks = _derived(row.trace_id, row.span_id, old.service, old.kind)
        if row.parent_span_id not in (None, old.parent_span_id, asks):
            return False
        if not old.received:  # its other records contain the ID too
            span_id = next(_further_places(row))
            if self._find((row.trace_id, span_id)) is None:
                self._insert(row, row._replace(span_id=span_id, parent_span_id=row.span_id, parent=None))
                return True
            return False
        if self._find((row.trace_id, asks)) is not None:
            return False
        self._move(row, asks, old)
        self._insert(row, row._replace(parent_span_id=asks, parent=None))
        return True

    def _ask(self, row: SpanRow, old: Stored) -> bool:
        """Store the client side arriving second: it gets another ID, and the server side is placed below it."""
        asks = _derived(row.trace_id, row.span_id, row.signature.service, row.signature.kind)
        if old.parent_span_id not in (None, row.parent_span_id) or self._find((row.trace_id, asks)) is not None:
            return False
        self._insert(row, row._replace(span_id=asks))
        if old.received:
            self._rehang(row, asks, old)
        return True

    def _move(self, row: SpanRow, to: bytes, old: Stored) -> None:
        trace_id, span_id = key = row.trace_id, row.span_id
        self._connection.execute("update span set span_id = ? where id = ?", (to, old.id))
        if key in self._rows:
            self._rows[trace_id, to] = self._rows.pop(key)._replace(span_id=to)
            self._came[trace_id, to] = self._came.pop(key)
            if key not in self._held:
                return
            if key in self._told:
                self._told.remove(key)
                self._told.add((trace_id, to))
        self._held.setdefault(key, old.process_id)
        self._connection.execute(_HALF, (to, span_id, trace_id, ASKING, old.service))
        if old.status == ERROR:
            self._connection.execute(_ERROR_CALL, (to, old.start_ns, trace_id, span_id))

    def _rehang(self, row: SpanRow, below: bytes, old: Stored) -> None:
        self._connection.execute("update span set parent_span_id = ? where id = ?", (below, old.id))
        key = row.trace_id, row.span_id
        if key in self._rows:
            self._rows[key] = self._rows[key]._replace(parent_span_id=below, parent=None)
            return
        self._unhang(key, old)
        self._moved[key] = below, old
        if old.parent_span_id is not None:
            self._answers(row.trace_id, below, old, old.parent_span_id)

    def _answers(self, trace_id: bytes, below: bytes, old: Stored, parent: bytes) -> None:
        """Let the half of a request in an earlier batch wait for the client side that has arrived."""
        moved = self._connection.execute(_HALF, (below, parent, trace_id, ANSWERING, old.service))
        if moved.rowcount == 0:  # nobody waited below its previous parent
            connection = MESSAGING if old.kind == CONSUMER else ""
            told = old.duration_ns, old.status == ERROR, old.calls
            half = Half(trace_id, below, ANSWERING, old.service, "", connection, *told)
            HALF.run(self._connection, [*half, self._now_ns])

    # -- rows of earlier batches below or above those of this one -----------------------------------------------------

    def _unhang(self, key: Key, old: Stored) -> None:
        """Stop a row of an earlier batch from waiting for its parent, or subtract it from its parent's calls."""
        if self._moved.pop(key, None) is not None or old.parent_span_id is None:
            return
        parent = key[0], old.parent_span_id
        waits = self._connection.execute(
            _WAITS_FOR, (*parent, old.process_id, old.start_ns, old.duration_ns, old.status)
        )
        if waits.rowcount > 0:
            return
        counted = self._held.get(parent)
        if counted is None and parent not in self._rows and (found := self._find(parent)) is not None:
            counted = found.process_id
        if counted is not None:
            self._edges.append((counted, old, -1))

    def _hang(self) -> None:
        """Make the rows that now have the IDs the callers of what is below them."""
        for key, before in self._held.items():
            after = self._ids.process_id(self._rows[key].signature)
            if after != before:
                for old in self._below(key):
                    self._edges += [(before, old, -1), (after, old, 1)]
        for (trace_id, _), (parent, old) in self._moved.items():
            self._edges.append((self._ids.process_id(self._rows[trace_id, parent].signature), old, 1))

    def _below(self, key: Key) -> Iterator[Stored]:
        """Yield the rows of earlier batches that were below a key before this batch, and are."""
        for span_id, *child in self._connection.execute(_BELOW, (key[0].hex(), _MOST_LOOKED_AT, key[1])).fetchall():
            if (key[0], span_id) not in self._rows and (key[0], span_id) not in self._moved:
                yield Stored(*child)


def _places(row: SpanRow) -> Iterator[bytes]:
    """Yield the possible IDs of a row, to use the first that is free or its own; the last is used for nothing else."""
    yield row.span_id
    yield from _further_places(row)


def _further_places(row: SpanRow) -> Iterator[bytes]:
    signature = row.signature
    yield _derived(row.trace_id, row.span_id, signature.service, signature.kind)
    start_ns = 0 if is_without_start(row.detail) else row.start_ns
    yield _derived(row.trace_id, row.span_id, signature.service, signature.kind, start_ns, signature.name)


def _derived(trace_id: bytes, span_id: bytes, *said: object) -> bytes:
    text = json.dumps(said).encode()
    return blake2b(trace_id + span_id + text, digest_size=8).digest()


def _is_later(row: SpanRow, old: Stored) -> bool:
    if not (old.received and row.source.received):
        return False  # calls recorded on this machine have ended
    return (not is_unfinished(row.detail), row.duration_ns) > (not is_unfinished(old.detail), old.duration_ns)


def _mark(row: SpanRow) -> tuple[object, ...]:
    return row.trace_id, row.span_id, row.signature, row.start_ns, row.duration_ns


# The rows just inserted have the greatest IDs.
def _latest(connection: sqlite3.Connection, count: int) -> set[Key]:
    latest = "select trace_id, span_id from span order by id desc limit ?"
    return set(connection.execute(latest, (count,)).fetchall())
