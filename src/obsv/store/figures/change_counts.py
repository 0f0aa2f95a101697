"""Calls counted on both sides of an instant: of whole minutes from the rollups, of the one it lies in row by row."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from math import log, sqrt
from typing import NamedTuple

from obsv.store.figures.minutes import Minutes
from obsv.store.file import Row, Snapshot
from obsv.store.ground import MINUTE_NS, Window, bucket
from obsv.times import ts

# The minute in which the instant lies is counted call by call; of a busier one no call is counted.
MOST_IN_A_MINUTE = 10_000
# Durations are read of so many functions, those whose mean changed most for their calls: of all, a busy day of them
# takes seconds, and the means of functions that are seldom called change most. Of fewer calls no percentile has bounds.
MOST_DURATIONS, LEAST_CALLS = 40, 20
# Of so many functions whose calls are estimates the rows of errors are counted, up to so many of each.
MOST_ESTIMATED, MOST_ERROR_ROWS = 100, 10_000

CALLED = """
select process_id, sum(count) as calls, sum(errors) as errors, sum(total_ns) as total_ns, sum(unrecorded) as unrecorded,
  count(*) as minutes, min(minute) as first, max(minute) as last
from process_minute where minute between :first and :last group by process_id
"""
EDGES = """
select parent_id, process_id, sum(count) as calls, count(*) as minutes from edge_minute
where minute between :first and :last group by parent_id, process_id
"""
# Of all functions at once, each with its buckets as one JSON object: with a query a function, all of the changes in ten
# million calls took 345 ms of processor time instead of 235.
DURATIONS = """
with recursive m(minute) as (
  select :first where :first <= :last union all select minute + 1 from m where minute < :last
)
select process_id, json_group_object(bucket, calls) as buckets from (
  select h.process_id, h.bucket, sum(h.count) as calls from m cross join json_each(:processes) j
  cross join process_histogram h on h.minute = m.minute and h.process_id = j.value group by h.process_id, h.bucket
) group by process_id
"""
# By an index alone: with their callers, 10,001 calls are read for nothing.
IS_BUSY = """
select count(*) > :most from (select 1 from span where ts >= :start and ts < :end limit :most + 1)
"""
IN_MINUTE = """
select process_id, start_ns, duration_ns, status = 2 as failed, coalesce(weight, 1) as weight,
  (select c.process_id from span c where c.trace = s.trace and c.span_id = s.parent_span_id) as parent_id
from span s where s.ts >= :start and s.ts < :end
"""
LATEST = "select start_ns from span order by ts desc limit 1"
ERROR_ROWS = """
select count(*) as rows from (select 1 from span
  where name_id = :name and outcome = 'ERR' and ts >= :start and ts < :end and process_id = :id limit :most)
"""


class Side(NamedTuple):
    """The calls of a function before, or after.

    Attributes:
        calls, errors: their numbers, or estimates where calls were sampled.
        buckets: durations.
        minutes: in how many minutes it was called.
        unrecorded: how many of the calls are no rows: only counted, or stood for by others.
        error_rows: how many failed calls are rows; told where calls were sampled, else None.
    """

    calls: int = 0
    errors: int = 0
    buckets: dict[int, int] = {}  # noqa: RUF012  # never written to
    minutes: int = 0
    unrecorded: int = 0
    error_rows: int | None = None


class SideCounts:
    """Calls of functions and edges on one side."""

    def __init__(self) -> None:
        self.calls: Counter[int] = Counter()
        self.errors: Counter[int] = Counter()
        self.total_ns: Counter[int] = Counter()
        self.buckets: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self.edges: Counter[tuple[int, int]] = Counter()
        self.minutes: Counter[int] = Counter()
        self.edge_minutes: Counter[tuple[int, int]] = Counter()
        self.unrecorded: Counter[int] = Counter()
        self.spans: dict[int, tuple[int, int]] = {}

    def side(self, process_id: int) -> Side:
        """Return what is known of a function."""
        at = process_id
        buckets = dict(self.buckets.get(at, {}))
        return Side(self.calls[at], self.errors[at], buckets, self.minutes[at], self.unrecorded[at])

    def reach(self, process_id: int, first: int, last: int) -> None:
        """Note that a function was called in these minutes."""
        old = self.spans.get(process_id, (first, last))
        self.spans[process_id] = min(old[0], first), max(old[1], last)


def most_changed(before: SideCounts, after: SideCounts) -> list[int]:
    """The functions whose mean duration changed most, of those that were called on both sides."""

    def change(process_id: int) -> float:
        old, new = (max(1.0, side.total_ns[process_id] / side.calls[process_id]) for side in (before, after))
        return abs(log(new / old)) * sqrt(min(before.calls[process_id], after.calls[process_id], 1_000))

    both = [each for each in before.calls if before.calls[each] and after.calls[each]]
    enough = [each for each in both if max(before.calls[each], after.calls[each]) >= LEAST_CALLS]
    return sorted(enough, key=change, reverse=True)[:MOST_DURATIONS]


def read_durations(store: Snapshot, counts: SideCounts, processes: list[int], minutes: Minutes) -> None:
    # Of the others only the minute of the instant would be known.
    counts.buckets = defaultdict(Counter, {each: counts.buckets[each] for each in processes})
    known = minutes.recorded(store)
    for process_id, buckets in store.query(DURATIONS, known.params(processes=json.dumps(processes))):
        counts.buckets[process_id].update({int(number): calls for number, calls in json.loads(buckets).items()})


def reached(
    store: Snapshot, names: dict[int, Row], sides: tuple[SideCounts, SideCounts], starts_ns: int, end_ns: int
) -> dict[str, tuple[float, float]]:
    """Return the minutes of each service on both sides: what came after its last call is not known yet."""
    latest = store.one(LATEST)
    end_ns = min(end_ns, latest["start_ns"]) if latest is not None else end_ns
    spans: tuple[dict[str, tuple[int, int]], ...] = {}, {}
    for counts, found in zip(sides, spans, strict=True):
        for process_id, (first, last) in counts.spans.items():
            if process_id in names:
                service = names[process_id]["service"]
                old = found.get(service, (first, last))
                found[service] = min(old[0], first), max(old[1], last)
    found_minutes = {}
    for service, (first, last) in spans[0].items():
        until_ns = min(end_ns, (spans[1][service][1] + 1) * MINUTE_NS) if service in spans[1] else starts_ns
        found_minutes[service] = float(last - first + 1), max(0, until_ns - starts_ns) / MINUTE_NS
    return found_minutes


def count_minutes(store: Snapshot, counts: SideCounts, minutes: Minutes) -> None:
    known = minutes.recorded(store)
    if known.last < known.first:
        return
    for process_id, calls, errors, total_ns, unrecorded, seen, first, last in store.query(CALLED, known.params()):
        counts.calls[process_id] += calls
        counts.errors[process_id] += errors
        counts.total_ns[process_id] += total_ns
        counts.unrecorded[process_id] += unrecorded
        counts.minutes[process_id] += seen
        counts.reach(process_id, first, last)
    for parent_id, process_id, calls, seen in store.query(EDGES, known.params()):
        counts.edges[parent_id, process_id] += calls
        counts.edge_minutes[parent_id, process_id] += seen


def count_instant(store: Snapshot, sides: tuple[SideCounts, SideCounts], cut_ns: int, since_ns: int) -> bool:
    """Count the calls of the minute of the instant one by one; returns whether they are few enough."""
    bounds = {"start": ts(cut_ns), "end": ts(cut_ns + MINUTE_NS)}
    if store.query(IS_BUSY, {**bounds, "most": MOST_IN_A_MINUTE})[0][0]:
        return False
    called: set[tuple[bool, int]] = set()
    edges: set[tuple[bool, int, int]] = set()
    minute = cut_ns // MINUTE_NS
    for process_id, start_ns, duration_ns, failed, weight, parent_id in store.query(IN_MINUTE, bounds):
        is_after = start_ns >= since_ns
        counts = sides[is_after]
        if weight and (is_after, process_id) not in called:
            called.add((is_after, process_id))
            counts.minutes[process_id] += 1
            counts.reach(process_id, minute, minute)
        counts.calls[process_id] += weight
        counts.unrecorded[process_id] += max(0, weight - 1)
        counts.errors[process_id] += failed * weight
        counts.total_ns[process_id] += duration_ns * weight
        counts.buckets[process_id][bucket(duration_ns)] += weight
        if parent_id is not None:
            counts.edges[parent_id, process_id] += weight
            if (is_after, parent_id, process_id) not in edges:
                edges.add((is_after, parent_id, process_id))
                counts.edge_minutes[parent_id, process_id] += 1
    return True


def with_error_rows(store: Snapshot, name_id: int, process_id: int, side: Side, window: Window) -> Side:
    """Count the rows of failed calls, where calls are estimates: an error may stand for many, too."""
    asked = {"name": name_id, "id": process_id, "start": ts(window.start_ns), "end": ts(window.end_ns)}
    return side._replace(error_rows=store.query(ERROR_ROWS, {**asked, "most": MOST_ERROR_ROWS})[0]["rows"])
