"""Cells of the rollups: processes in minutes that have failed calls, or calls of given durations."""

from __future__ import annotations

import json
from collections.abc import Iterator

from obsv.store.file import ROW_LIMIT, Row, Snapshot
from obsv.store.finding.asked import Reach
from obsv.store.finding.sql import Sql, fill
from obsv.store.ground import Buckets, Range

_ERROR_MINUTES = """
select distinct minute from process_minute
where minute between {first} and {last} and errors > 0 and {mine} order by minute {way}
"""
_DURATION_MINUTES = """
select minute, sum(count) from minute_histogram
where minute between {first} and {last} and bucket between {low} and {high} group by minute order by minute {way}
"""
_CELLS = """
select distinct h.process_id, h.minute from json_each({minutes}) m
cross join process_minute r on r.minute = m.value and r.max_ns >= {edge}
cross join process_histogram h on h.minute = m.value and h.process_id = r.process_id
  and h.bucket between {low} and {high} limit {limit}
"""
_CELLS_OF = """
select distinct h.process_id, h.minute from json_each({minutes}) m cross join json_each({processes}) j
cross join process_histogram h on h.minute = m.value and h.process_id = j.value
  and h.bucket between {low} and {high} limit {limit}
"""
# The durations of all time tell about how far to look; they are two hundred rows.
_EVER = "select bucket, count from minute_histogram where minute = 0 and bucket between {low} and {high}"
# A process in a minute without matches still costs a look-up.
FEW_LOOKUPS = 5_000


def error_minutes(reach: Reach, part: Range, down: bool) -> Iterator[int]:
    """Yield the minutes with failed calls."""
    return (row[0] for row in _by_minute(reach.snapshot, _ERROR_MINUTES, part, down, mine=reach.mine))


def duration_minutes(snapshot: Snapshot, part: Range, buckets: Buckets, down: bool) -> Iterator[tuple[int, int]]:
    """Yield the minutes with calls of such durations, and their number over all processes."""
    return ((row[0], row[1]) for row in _by_minute(snapshot, _DURATION_MINUTES, part, down, **buckets._asdict()))


def _by_minute(snapshot: Snapshot, template: str, part: Range, down: bool, **params: object) -> Iterator[Row]:
    first, last = part.minutes
    while first <= last:
        rows = snapshot.query(*fill(template, first=first, last=last, way=Sql("desc" if down else "asc"), **params))
        yield from rows
        if len(rows) < ROW_LIMIT:
            return
        first, last = (first, rows[-1][0] - 1) if down else (rows[-1][0] + 1, last)


def cells(reach: Reach, minutes: list[int], buckets: Buckets, limit: int = ROW_LIMIT) -> list[tuple[int, int]]:
    """Processes and the minutes in which they have calls of such durations; with `limit` of them there may be more."""
    bounds = {"minutes": json.dumps(minutes), **buckets._asdict(), "edge": buckets.low_ns, "limit": limit}
    few = reach.processes is not None and len(reach.processes) * len(minutes) <= FEW_LOOKUPS
    asked = fill(_CELLS_OF, processes=json.dumps(reach.processes), **bounds) if few else fill(_CELLS, **bounds)
    rows = [(row[0], row[1]) for row in reach.snapshot.query(*asked)]
    if reach.processes is None or few or len(rows) >= limit:
        return rows
    wanted = set(reach.processes)
    return [(process_id, minute) for process_id, minute in rows if process_id in wanted]


def outermost(snapshot: Snapshot, ends: Buckets, from_above: bool, need: float, growth: int) -> Iterator[Buckets]:
    """Yield growing ranges of buckets from one end, first with the required number of calls, at last with all."""
    rows = snapshot.query(*fill(_EVER, **ends._asdict()))
    ever = sorted(((row[0], row[1]) for row in rows), reverse=from_above)
    taken = 0
    for edge, count in ever[:-1]:
        taken += count
        if taken >= need:
            yield Buckets(edge, ends.high) if from_above else Buckets(ends.low, edge)
            need = max(taken, need) * growth
    if ever:
        yield ends
