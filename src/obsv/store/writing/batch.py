"""A batch of rows, sorted by what they share and converted to columns: pure, before the database is locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from operator import not_
from typing import Any

from obsv.store.ground import ERROR, Rollups, Signature, Source, SpanRow, began_ns, by_minute
from obsv.store.writing.interning import Ids, Thread
from obsv.store.writing.sql.statements import Insert, Joined

_COLUMNS = (
    "name_id, trace_id, span_id, parent_span_id, start_ns, duration_ns, process_id, signature_id, source_id, "
    "thread_id, status, depth, data"
)
_RARE = ", cpu_ns, memory_bytes, exception, detail, weight"
# Most rows have none of the rare columns, and binding None is slow. For the same reason, a root's parent is empty
# bytes, not None.
_VALUES = {"parent_span_id": "nullif(?, x'')"}
SPANS = Joined(
    Insert("span", _COLUMNS, "do nothing", _VALUES, unique=True),
    Insert("span", _COLUMNS + _RARE, "do nothing", _VALUES, unique=True),
)

# Positions in a SpanRow.
_SOURCE, _TRACE, _SPAN, _PARENT_SPAN, _PARENT, _START, _DURATION, _THREAD, _STATUS, _DEPTH, _DATA = range(1, 12)
_CPU, _MEMORY, _EXCEPTION, _DETAIL, _EXACT, _WEIGHT = range(12, 18)
_RARE_AT = (_CPU, _MEMORY, _EXCEPTION, _DETAIL, _WEIGHT)

INTERNAL = 1  # OTLP SpanKind

Columns = tuple[tuple[Any, ...], ...]

_NO_PARENT = bytearray()


class Group:
    """The rows of one signature: all as columns, and separately those with and without rare columns."""

    __slots__ = ("columns", "narrow", "parents", "rows", "signature", "wide")

    def __init__(self, signature: Signature, rows: list[SpanRow]) -> None:
        self.signature = signature
        self.rows = rows
        self.columns: Columns = tuple(zip(*rows, strict=True))
        self.parents: set[Signature | None] = set(self.columns[_PARENT])
        self.narrow, self.wide = rows, []
        if any(self.columns[at].count(None) < len(rows) for at in _RARE_AT):
            nothing = (None, None, None, None)
            is_narrow = [row[_CPU:_EXACT] == nothing and row[_WEIGHT] is None for row in rows]
            self.narrow = list(compress(rows, is_narrow))
            self.wide = list(compress(rows, map(not_, is_narrow)))

    def narrow_columns(self) -> Columns:
        """Return the narrow rows as columns; empty if there are none."""
        return self.columns if self.narrow is self.rows else tuple(zip(*self.narrow, strict=True))


class Batch:
    """Rows grouped by signature.

    Args:
        rows: in order of arrival.
    """

    def __init__(self, rows: Iterable[SpanRow]) -> None:
        groups: defaultdict[Signature, list[SpanRow]] = defaultdict(list)
        for row in rows:
            groups[row[0]].append(row)
        self.groups = [Group(signature, members) for signature, members in groups.items()]

    def rows(self) -> list[SpanRow]:
        """Return all rows in the order of insertion: narrow ones first."""
        narrow = chain.from_iterable(group.narrow for group in self.groups)
        return [*narrow, *chain.from_iterable(group.wide for group in self.groups)]

    def signatures(self) -> set[Signature]:
        """Return the signatures of the calls and of their callers."""
        parents: set[Signature | None] = set().union(*(group.parents for group in self.groups))
        return {group.signature for group in self.groups} | {parent for parent in parents if parent is not None}

    def sources(self) -> set[Source]:
        """Return the origins of the spans."""
        return set().union(*(group.columns[_SOURCE] for group in self.groups))

    def coded(self) -> Iterator[tuple[Signature, Sequence[Source], Sequence[int]]]:
        """Yield signatures of functions with known source, with origin and start of each of their calls."""
        for group in self.groups:
            if group.signature.code is not None:
                yield group.signature, group.columns[_SOURCE], group.columns[_START]

    def began(self, source: Source) -> int:
        """When the first trace began of which a call is here that a source made, Unix time."""
        rows = [row for group in self.groups if source in group.columns[_SOURCE] for row in group.rows]
        mine = [row for row in rows if row.source is source]
        if source.received:  # its traces may have begun elsewhere
            return min(row.start_ns for row in mine)
        return min(began_ns(row.start_ns, row.trace_id) for row in mine)

    def threads(self) -> set[Thread | None]:
        """Return the threads of the calls."""
        return set().union(*(group.columns[_THREAD] for group in self.groups))

    def foreign(self) -> list[SpanRow]:
        """Return the rows whose caller the store must find."""
        return [
            row
            for group in self.groups
            if None in group.parents and any(group.columns[_PARENT_SPAN])
            for row in group.rows
            if row.parent is None and row.parent_span_id is not None
        ]

    def errors(self) -> int:
        """Return the number of failed calls."""
        return sum(group.columns[_STATUS].count(ERROR) for group in self.groups)

    def has_requests(self) -> bool:
        """Return whether any span is more than internal to its service."""
        return any(group.signature.kind > INTERNAL for group in self.groups)

    def failed(self) -> list[SpanRow]:
        """Return the rows of failed calls."""
        return [
            row for group in self.groups if ERROR in group.columns[_STATUS] for row in group.rows if row.status == ERROR
        ]

    def exact(self) -> list[SpanRow]:
        """Return the rows with pickled inputs."""
        return [
            row for group in self.groups if any(group.columns[_EXACT]) for row in group.rows if row.exact is not None
        ]

    def values(self, ids: Ids) -> tuple[list[Any], list[Any]]:
        """Return the values of all rows in sequence: rows without rare columns, and the others."""
        narrow: list[Any] = []
        wide: list[Any] = []
        for group in self.groups:
            if group.narrow:
                narrow += _values(group.signature, group.narrow_columns(), ids)
            if group.wide:
                columns = tuple(zip(*group.wide, strict=True))
                weights = tuple(None if each is None else each.calls * each.recorded for each in columns[_WEIGHT])
                wide += _values(group.signature, columns, ids, (*columns[_CPU:_EXACT], weights))
        return narrow, wide

    def rollups(self, ids: Ids) -> Rollups:
        """Return the changes of the rollups, except for the edges of foreign rows."""
        rollups = Rollups()
        for group in self.groups:
            _roll_up(group, ids, rollups)
        return rollups


# A row is a stretch of one list: shared values are repeated, and each varying column is laid over them.
def _values(signature: Signature, columns: Columns, ids: Ids, rare: Columns = ()) -> list[Any]:
    name_id, process_id, signature_id = ids.signatures[signature]
    sources, threads = columns[_SOURCE], columns[_THREAD]
    shared = [name_id, None, None, _NO_PARENT, None, None, process_id, signature_id]
    shared += [ids.sources[sources[0]], ids.threads[threads[0]], None, None, None, *[None] * len(rare)]
    width, count = len(shared), len(sources)
    values = shared * count
    # sqlite3 binds a bytearray in 60 ns and bytes in 280 ns.
    values[1::width] = map(bytearray, columns[_TRACE])
    values[2::width] = map(bytearray, columns[_SPAN])
    if any(columns[_PARENT_SPAN]):
        values[3::width] = [bytearray(parent) if parent else _NO_PARENT for parent in columns[_PARENT_SPAN]]
    values[4::width] = columns[_START]
    values[5::width] = columns[_DURATION]
    # Nearly always one origin, and often one thread.
    if sources.count(sources[0]) < count:
        values[8::width] = map(ids.sources.__getitem__, sources)
    if threads.count(threads[0]) < count:
        values[9::width] = map(ids.threads.__getitem__, threads)
    for position, column in enumerate((columns[_STATUS], columns[_DEPTH], columns[_DATA], *rare), start=10):
        values[position::width] = column
    return values


def _roll_up(group: Group, ids: Ids, rollups: Rollups) -> None:
    weights = group.columns[_WEIGHT]
    if weights.count(None) < len(weights):
        _roll_up_weighted([row for row in group.rows if row.weight is not None], ids, rollups)
        plain = [row for row in group.rows if row.weight is None]
        if not plain:
            return
        group = Group(group.signature, plain)
    process_id = ids.process_id(group.signature)
    columns = group.columns
    starts, durations, statuses = columns[_START], columns[_DURATION], columns[_STATUS]
    for part in by_minute(starts, durations, statuses, columns[_TRACE], columns[_CPU], columns[_MEMORY]):
        rollups.add(process_id, *part)
    if len(group.parents) > 1:
        known = {parent: 0 if parent is None else ids.process_id(parent) for parent in group.parents}
        for part in by_minute(starts, durations, statuses, [known[parent] for parent in columns[_PARENT]]):
            rollups.add_edges(process_id, *part)
    elif columns[_PARENT][0] is not None:
        for part in by_minute(starts, durations, statuses):
            rollups.add_edge(ids.process_id(columns[_PARENT][0]), process_id, *part)
    rollups.add_values(process_id, group.signature, starts, columns[_DATA])


def _roll_up_weighted(rows: Iterable[SpanRow], ids: Ids, rollups: Rollups) -> None:
    for row in rows:
        process_id, weight = ids.process_id(row.signature), row.weight
        if weight is None:
            continue
        rollups.add_weighted(process_id, row, weight)
        if row.parent is not None:
            rollups.add_weighted_edge(ids.process_id(row.parent), process_id, row, weight)
        if weight.recorded:
            rollups.add_values(process_id, row.signature, (row.start_ns,), (row.data,))
