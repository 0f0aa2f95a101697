"""Pages ordered by duration, without an index on it: the histograms tell where to look."""

from __future__ import annotations

import json
from itertools import islice

from obsv.store.file import ROW_LIMIT
from obsv.store.finding.cells import cells, duration_minutes, outermost
from obsv.store.finding.orders import Key, Rows
from obsv.store.finding.sql import fill
from obsv.store.finding.walks import BY_TIME, ERRORS, Walk, by_name, scan
from obsv.store.ground import Buckets, Range, bucket
from obsv.times import ts

# The index gives the range of a cell; the rows decide about the microseconds at its ends.
_IN_CELLS = """
json_each(?) c cross join process q on q.id = json_extract(c.value, '$[0]')
cross join span s indexed by span_by_name where s.name_id = q.name_id and s.process_id = q.id
  and s.ts >= json_extract(c.value, '$[1]') and s.ts <= json_extract(c.value, '$[2]')"""
# This many rows are read and sorted in a few milliseconds.
FEW = 30_000
# A cell costs one look-up and its rows.
FEW_CELLS = 2_000
# Share of all rows in the file from which its own order is faster than an index.
MOST = 0.33
# Factor by which more rows than requested are covered if other filters may leave some out, and at each further attempt.
MARGIN = 4


def by_duration(rows: Rows) -> list[Key]:
    """Return the next rows ordered by duration."""
    asked, reach = rows.asked, rows.asked.reach
    load = reach.load(rows.part) if reach.processes is not None or asked.errors else None
    if load and asked.errors and load.errors <= FEW:
        return rows.along(ERRORS)
    if load and reach.processes is not None and load.mine <= FEW:
        return rows.along(by_name(reach))
    others = load.calls / max(1, load.mine) if load else 1.0
    found = None if asked.costly else _outermost(rows, others)
    if found is not None:
        return found
    load = load or reach.load(rows.part)
    return rows.along(scan(asked) if load.calls > MOST * reach.ever else BY_TIME)


def _outermost(rows: Rows, others: float) -> list[Key] | None:
    """Return the page from the outermost buckets; None if they contain too many rows, or other filters leave too few.

    `others`: number of all calls per call of the condition's processes.
    """
    longest_first, reach = rows.order.down, rows.asked.reach
    ends = Buckets.of(*rows.asked.durations)
    if rows.key is not None:
        edge = bucket(int(rows.key.value))
        ends = Buckets(ends.low, min(ends.high, edge)) if longest_first else Buckets(max(ends.low, edge), ends.high)
    margin = MARGIN if rows.asked.parts else 1
    need, most_cells = rows.limit * margin * others, min(int(FEW_CELLS * others), ROW_LIMIT)
    for buckets in outermost(reach.snapshot, ends, longest_first, need, MARGIN):
        counts = list(islice(duration_minutes(reach.snapshot, rows.part, buckets, False), ROW_LIMIT))
        taken = sum(count for _, count in counts)
        if taken > FEW or len(counts) >= ROW_LIMIT:
            return None
        if taken < need and buckets != ends:
            continue
        found = cells(reach, [minute for minute, _ in counts], buckets, most_cells)
        if len(found) >= most_cells:
            return None
        keys = _in_cells(rows, found, buckets)
        if buckets == ends or len(keys) >= rows.limit:
            return keys
    return []


def _in_cells(rows: Rows, found: list[tuple[int, int]], buckets: Buckets) -> list[Key]:
    parts = ((process_id, Range.of_minute(minute).overlap(rows.part)) for process_id, minute in found)
    bounds = json.dumps([(process_id, *map(ts, part)) for process_id, part in parts])
    within = "s.duration_ns between {low} and {high} and {test}"
    test = fill(within, low=buckets.low_ns, high=buckets.high_ns, test=rows.asked.everywhere)
    return rows.along(Walk(_IN_CELLS, ((bounds,),), by_time=False), test=test)
