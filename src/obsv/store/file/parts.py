"""The file in parts, for queries that have to read all of it on several processors: SQLite reads without Python."""

from __future__ import annotations

from itertools import pairwise

from obsv.store.file.reader import Snapshot, at_once

# Parts a processor: one that a program keeps busy leaves more of them to the others.
_SHARES = 4
# So many calls are read in a few milliseconds; less is not worth a thread.
LEAST = 100_000
_ENDS = "select (select min(id) from span) as first, (select max(id) from span) as last"


def in_parts(snapshot: Snapshot) -> list[tuple[int, int]]:
    """Ranges of `span.id`, both ends within, that hold all calls; the latest first, at least one."""
    row = snapshot.one(_ENDS)
    if row is None or row["first"] is None:
        return [(0, 0)]
    return split(row["first"], row["last"], LEAST)


def split(first: int, last: int, least: int) -> list[tuple[int, int]]:
    """Parts of a range of numbers, ends within, of at least so many each, a few a processor; the last first."""
    processors = at_once()
    most = _SHARES * processors if processors > 1 else 1
    count = max(1, min(most, (last - first + 1) // least))
    ends = [first + (last + 1 - first) * place // count for place in range(count + 1)]
    return [(low, high - 1) for low, high in pairwise(ends)][::-1]
