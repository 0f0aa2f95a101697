"""Partitions of the file, to read all of it on several processors: SQLite runs without the interpreter lock."""

from __future__ import annotations

from itertools import pairwise

from obsv.store.file.reader import Snapshot, at_once

# Parts per processor: a processor that the program keeps busy leaves more of them to the others.
_SHARES = 4
# This many calls are read in a few milliseconds; fewer are not worth a thread.
LEAST = 100_000
_ENDS = "select (select min(id) from span) as first, (select max(id) from span) as last"


def in_parts(snapshot: Snapshot) -> list[tuple[int, int]]:
    """Return ranges of `span.id`, both ends included, that cover all calls; the latest first, at least one."""
    row = snapshot.one(_ENDS)
    if row is None or row["first"] is None:
        return [(0, 0)]
    return split(row["first"], row["last"], LEAST)


def split(first: int, last: int, least: int) -> list[tuple[int, int]]:
    """Split a range of numbers, ends included, into parts of a minimum size, a few per processor; the last first."""
    processors = at_once()
    most = _SHARES * processors if processors > 1 else 1
    count = max(1, min(most, (last - first + 1) // least))
    ends = [first + (last + 1 - first) * place // count for place in range(count + 1)]
    return [(low, high - 1) for low, high in pairwise(ends)][::-1]
