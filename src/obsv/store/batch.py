"""A batch of rows, sorted by what they share and turned into columns: pure, and before the database is locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, compress, repeat
from typing import Any

from obsv.store.interning import Ids, Thread
from obsv.store.rollups import Rollups, by_minute
from obsv.store.rows import Signature, Source, SpanRow
from obsv.store.statements import Insert

SPAN = Insert(
    "span",
    "trace_id, span_id, parent_span_id, start_ns, duration_ns, process_id, signature_id, source_id, thread_id, status, "
    "depth, data, cpu_ns, memory_bytes, exception, detail",
    "do nothing",
)


class Group:
    """The rows of one signature, as columns."""

    __slots__ = ("columns", "parents", "rows", "signature", "sources", "threads")

    def __init__(self, signature: Signature, rows: list[SpanRow]) -> None:
        self.signature = signature
        self.rows = rows
        self.columns: tuple[tuple[Any, ...], ...] = tuple(zip(*rows, strict=True))
        self.sources: set[Source] = set(self.columns[1])
        self.parents: set[Signature | None] = set(self.columns[5])
        self.threads: set[Thread | None] = set(self.columns[8])


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
        """All rows, in the order in which `values` gives them."""
        return list(chain.from_iterable(group.rows for group in self.groups))

    def signatures(self) -> set[Signature]:
        """Those of the calls and of their callers."""
        parents = set().union(*(group.parents for group in self.groups))
        return {group.signature for group in self.groups} | {parent for parent in parents if parent is not None}

    def sources(self) -> set[Source]:
        """Who made the spans."""
        return set().union(*(group.sources for group in self.groups))

    def threads(self) -> set[Thread | None]:
        """Where they ran."""
        return set().union(*(group.threads for group in self.groups))

    def foreign(self) -> list[SpanRow]:
        """The rows whose caller the store has to find."""
        return [
            row
            for group in self.groups
            if None in group.parents and any(group.columns[4])
            for row in group.rows
            if row.parent is None and row.parent_span_id is not None
        ]

    def exact(self) -> list[SpanRow]:
        """The rows with pickled inputs."""
        return [row for group in self.groups if any(group.columns[16]) for row in group.rows if row.exact is not None]

    def values(self, ids: Ids) -> list[Any]:
        """The values of all rows, one after the other, as `SPAN` takes them."""
        return list(chain.from_iterable(map(chain.from_iterable, [_values(group, ids) for group in self.groups])))

    def rollups(self, ids: Ids) -> Rollups:
        """What the rows add to the rollups, but for the edges of foreign rows."""
        rollups = Rollups()
        for group in self.groups:
            _roll_up(group, ids, rollups)
        return rollups


def _values(group: Group, ids: Ids) -> Iterable[tuple[Any, ...]]:
    (_, sources, traces, spans, parent_spans, _, starts, durations, threads, statuses, depths, *rest) = group.columns
    process_id, signature_id = ids.signatures[group.signature]
    return zip(
        traces,
        spans,
        parent_spans,
        starts,
        durations,
        repeat(process_id),
        repeat(signature_id),
        map(ids.sources.__getitem__, sources),
        map(ids.threads.__getitem__, threads),
        statuses,
        depths,
        *rest[:5],
    )


def _roll_up(group: Group, ids: Ids, rollups: Rollups) -> None:
    process_id = ids.process_id(group.signature)
    columns = group.columns
    parents, starts, durations, statuses = columns[5], columns[6], columns[7], columns[9]
    for part in by_minute(starts, durations, statuses, columns[12], columns[13]):
        rollups.add(process_id, *part)
    for parent in group.parents:
        if parent is not None:
            called: Sequence[Sequence[int]] = (starts, durations, statuses)
            if len(group.parents) > 1:
                chosen = [each is parent for each in parents]
                called = [list(compress(column, chosen)) for column in called]
            for part in by_minute(*called):
                rollups.add_edge(ids.process_id(parent), process_id, *part)
    rollups.add_values(process_id, group.signature, starts, columns[11])
