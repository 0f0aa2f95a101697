"""Blocks of calls that can contain the texts of a condition: a search reads no rows of the others.

Calls that are in no block yet, and those of a damaged group, are read one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from obsv.store.file import LEAST, Snapshot
from obsv.store.finding.conditions import SHOWN, SPAN, All, AnyOf, Compare, Condition, Contains, leaves
from obsv.store.finding.sql import forms_of
from obsv.store.finding.where import COLUMNS, hint
from obsv.store.ground.blocks import BLOCKS, PARTS, SLICE_BYTES, SLICES_A_PART, edges_in, needed, slice_in, slices_of

_HAS_GROUPS = "select 1 from sqlite_schema where type = 'table' and name = 'block_group'"
_ENDS = "select (select min(id) from span) as first, (select max(id) from span) as last"
_GROUPS = "select first_id, last_id, edges from block_group order by last_id"
_PARTS = "select id, slices from block_part where id in (select value from json_each(?))"
_COUNT = "select count(*) from (select 1 from span where id between ? and ? limit ?)"
# Calls outside of blocks are counted if there may be more: retention leaves only errors of what is long ago.
_MOST_UNCOUNTED, _MOST_COUNTED = 100_000, 300_000
# With more of the calls than this to be read, reading all of them takes no longer.
_MOST_SHARE = 0.5
_NO_LETTERS = dict.fromkeys((0xFFFD, 0xFFFE, 0xFFFF), " ")
_ALL_BLOCKS = (1 << BLOCKS) - 1


class Stretch(NamedTuple):
    """Calls by their IDs, both ends included, and how many there are about."""

    first: int
    last: int
    calls: int


class Blocks(NamedTuple):
    """Calls of which a search has to read the rows.

    Attributes:
        stretches: in order.
        calls: how many they have, about.
    """

    stretches: list[Stretch]
    calls: int

    def in_parts(self, most: int) -> list[str]:
        """Return the stretches as JSON, in up to so many parts that are worth a thread each."""
        count = max(1, min(most, self.calls // LEAST))
        parts: list[list[tuple[int, int]]] = [[] for _ in range(count)]
        before = 0
        for first, last, calls in self.stretches:
            parts[min(count - 1, before * count // max(1, self.calls))].append((first, last))
            before += calls
        return [json.dumps(part) for part in parts[::-1]]


def find_blocks(snapshot: Snapshot, condition: Condition) -> Blocks | None:
    """Return the blocks with the calls that can satisfy a condition; None if it is no use to look for them."""
    if not any(map(texts_of, leaves(condition))) or snapshot.one(_HAS_GROUPS) is None:
        return None
    ends = snapshot.one(_ENDS)
    groups = list(_groups(snapshot))
    if not groups or ends is None or ends["first"] is None:
        return None
    possible = _Slices(snapshot, [edges[-1] - 1 for edges in groups]).possible(condition)
    if possible.bit_count() > _MOST_SHARE * len(groups) * BLOCKS:
        return None
    stretches = list(_merged(_stretches(snapshot, groups, possible, ends["first"], ends["last"])))
    calls = sum(each.calls for each in stretches)
    return Blocks(stretches, calls)


def _groups(snapshot: Snapshot) -> Iterator[Sequence[int]]:
    """Yield the edges of the blocks of each group that is not damaged, in order."""
    before = -1
    for row in snapshot.query(_GROUPS):
        edges = edges_in(row["edges"], row["first_id"], row["last_id"])
        if edges is not None and before < edges[0]:
            before = row["last_id"]
            yield edges


class _Slices:
    """Slices of all groups: each a number with a bit for every block."""

    def __init__(self, snapshot: Snapshot, groups: list[int]) -> None:
        self._snapshot, self._groups = snapshot, groups
        self._every = (1 << BLOCKS * len(groups)) - 1
        self._damaged = 0  # blocks of which nothing is known

    def possible(self, condition: Condition) -> int:
        """Return the blocks with calls that can satisfy a condition."""
        match condition:
            case All(parts=parts):
                found = self._every
                for part in parts:
                    found &= self.possible(part)
                return found
            case AnyOf(parts=parts):
                found = 0
                for part in parts:
                    found |= self.possible(part)
                return found
        texts = texts_of(condition)
        found = 0 if texts else self._every
        for text in texts:
            found |= self._containing(text)
        return found

    def _containing(self, text: str) -> int:
        found = self._every
        # LIKE reads a text up to its first NUL, and what is not UTF-8 in a row as one of these letters.
        text = text.translate(_NO_LETTERS)
        for gram in [] if "\0" in text else needed(text.encode("utf-8", "replace")):
            for number in slices_of(gram):
                found &= self._slice(number) | self._damaged
                if not found:
                    return 0
        return found

    def _slice(self, number: int) -> int:
        offset = number // SLICES_A_PART
        ids = [group * PARTS + offset for group in self._groups]
        parts = {row["id"]: row["slices"] for row in self._snapshot.query(_PARTS, (json.dumps(ids),))}
        found = []
        for place, part_id in enumerate(ids):
            bits = slice_in(parts.get(part_id), number)
            if bits is None:
                self._damaged |= _ALL_BLOCKS << place * BLOCKS
            found.append(bits or bytes(SLICE_BYTES))
        return int.from_bytes(b"".join(found), "little")


def texts_of(part: Condition) -> tuple[str, ...]:
    """Return texts of which every call that satisfies a condition contains one, in its values' JSON or its exception.

    None are known of most conditions.
    """
    match part:
        case Contains(text=text):
            return forms_of(text)
        case Compare(field=field) if field.scope == SHOWN or (field.scope == SPAN and field.name not in COLUMNS):
            text = hint(part)
            return (text,) if text else ()
    return ()


def _stretches(
    snapshot: Snapshot, groups: list[Sequence[int]], possible: int, first: int, last: int
) -> Iterator[Stretch]:
    """Yield what is to be read: blocks that are possible, and what is in none."""
    at = first
    for edges in groups:
        if at < edges[0]:
            yield _outside(snapshot, at, edges[0] - 1)
        bits = possible & _ALL_BLOCKS
        possible >>= BLOCKS
        while bits:
            block = (bits & -bits).bit_length() - 1
            bits &= bits - 1
            low, end = edges[block], edges[block + 1]
            yield Stretch(low, end - 1, end - low)
        at = edges[-1]
    if at <= last:
        yield _outside(snapshot, at, last)


def _outside(snapshot: Snapshot, first: int, last: int) -> Stretch:
    calls = last - first + 1
    if calls > _MOST_UNCOUNTED:
        counted = snapshot.one(_COUNT, (first, last, _MOST_COUNTED))
        calls = counted[0] if counted is not None and counted[0] < _MOST_COUNTED else calls
    return Stretch(first, last, calls)


def _merged(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield neighbours as one."""
    before: Stretch | None = None
    for each in stretches:
        if before is not None and before.last + 1 == each.first:
            before = Stretch(before.first, each.last, before.calls + each.calls)
            continue
        if before is not None:
            yield before
        before = each
    if before is not None:
        yield before
