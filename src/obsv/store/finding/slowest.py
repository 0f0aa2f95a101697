"""Pages in the order of durations, without an index on them: the histograms say how far down to look, and where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from obsv.store.file import ROW_LIMIT, Snapshot
from obsv.store.finding.filters import Clause, Filters
from obsv.store.finding.keyset import Key
from obsv.store.finding.scope import Load, Scope, minutes
from obsv.store.ground import GROWTH, MINUTE_NS, Window, bucket
from obsv.times import MAX_NS, ts

# {down} is `desc` or empty. EVERYTHING reads the file in its own order: for most of its rows that is three times as
# fast as by index.
_REST = "{after}{clause} order by s.duration_ns {down}, s.id {down} limit :limit"
_BOUNDS = " s.ts >= :low and s.ts < :high"
EVERYTHING = "select s.duration_ns, s.id from span s not indexed where s.start_ns >= :low_ns and s.start_ns < :high_ns"
BY_TIME = "select s.duration_ns, s.id from span s indexed by span_by_ts where" + _BOUNDS
ERRORS = "select s.duration_ns, s.id from span s indexed by span_errors where s.status = 2 and" + _BOUNDS
OF_PROCESSES = (
    """
select s.duration_ns, s.id from span s indexed by span_by_name
where s.name_id in (select name_id from process where id in (select value from json_each(:processes)))
  and s.process_id in (select value from json_each(:processes)) and"""
    + _BOUNDS
)
IN_CELLS = """
select s.duration_ns, s.id from json_each(:cells) c cross join process q on q.id = json_extract(c.value, '$[0]')
cross join span s indexed by span_by_name where s.name_id = q.name_id and s.process_id = q.id
  and s.ts >= json_extract(c.value, '$[1]')
  and s.ts < json_extract(c.value, '$[2]')"""
SCOPED = " and s.process_id in (select value from json_each(:processes))"
AFTER = {
    True: " and (s.duration_ns, s.id) < (:key_ns, :key_id)",
    False: " and (s.duration_ns, s.id) > (:key_ns, :key_id)",
}
_RANGE = "bucket between :low_bucket and :high_bucket"
# All time's durations say about how far down to look; they are two hundred rows.
EVER_BUCKETS = f"select bucket, count from minute_histogram where minute = 0 and {_RANGE}"
MINUTES = f"""
select minute, sum(count) from minute_histogram
where minute between :first and :last and {_RANGE} group by minute
"""
CELLS = f"""
select distinct h.process_id, h.minute from json_each(:minutes) m
cross join process_minute r on r.minute = m.value and r.max_ns >= :low_edge
cross join process_histogram h on h.minute = m.value and h.process_id = r.process_id and h.{_RANGE} limit :limit
"""
CELLS_OF_PROCESSES = f"""
select distinct h.process_id, h.minute from json_each(:minutes) m cross join json_each(:processes) j
cross join process_histogram h on h.minute = m.value and h.process_id = j.value and h.{_RANGE} limit :limit
"""
EVER = "select coalesce(sum(count), 0) from minute_histogram where minute = 0"
# So many rows are read and sorted in a few milliseconds.
FEW = 30_000
# A cell is a process in a minute; each is a look-up and the rows behind it.
FEW_CELLS = 2_000
# A process in a minute that may have nothing costs a look-up too.
FEW_LOOKUPS = 5_000
# Of all rows in the file: from here on its own order is quicker than an index.
MOST = 0.33
# Buckets for so many more rows than are wanted, where other filters will leave some out, and at every further try.
MARGIN = 4


class Order(NamedTuple):
    """What a page in the order of durations is.

    Attributes:
        window: the time bounds.
        longest_first: the direction.
        key: the page starts after this row; None at the start.
        clause: row conditions.
        limit: how many rows are wanted.
    """

    window: Window
    longest_first: bool
    key: Key | None
    clause: Clause
    limit: int

    def run(self, store: Snapshot, sql: str, also: str = "", **params: object) -> list[Key]:
        """The page out of the rows of one statement."""
        after = AFTER[self.longest_first] if self.key else ""
        text = (sql + _REST).format(
            after=after, clause=also + self.clause.sql, down="desc" if self.longest_first else ""
        )
        start_ns, end_ns, _ = self.window
        bounds = {"low": ts(start_ns), "high": ts(end_ns), "low_ns": start_ns, "high_ns": end_ns, "limit": self.limit}
        key = {"key_ns": int(self.key.value), "key_id": self.key.id} if self.key else {}
        rows = store.query(text, {**bounds, **key, **self.clause.params, **params})
        return [Key(str(row[0]), row[1]) for row in rows]


def by_duration(store: Snapshot, order: Order, filters: Filters, scope: Scope) -> list[Key]:
    """The next rows in the order of durations.

    Args:
        store: to read.
        order: the page.
        filters: what rows; the order's clause has their conditions.
        scope: their processes.
    """
    also, named = ("", {}) if scope.processes is None else (SCOPED, {"processes": str(scope.processes)})
    load = Load.of(store, scope, order.window) if named or filters.wants_errors else None
    if load and filters.wants_errors and load.errors <= FEW:
        return order.run(store, ERRORS, also, **named)
    if load and named and load.mine <= FEW:
        return order.run(store, OF_PROCESSES, **named)
    others = load.calls / max(1, load.mine) if load else 1.0
    found = None if filters.search else _outermost(store, order, filters, scope, others)
    if found is not None:
        return found
    load, ever = load or Load.of(store, scope, order.window), store.one(EVER)
    most = ever is not None and load.calls > MOST * ever[0]
    return order.run(store, EVERYTHING if most else BY_TIME, also, **named)


def _outermost(store: Snapshot, order: Order, filters: Filters, scope: Scope, others: float) -> list[Key] | None:
    """The page by way of the outermost buckets; None when too much lies there, or other filters leave too little.

    `others`: how many calls there are for one of the scope.
    """
    low, high = filters.buckets
    if order.key is not None:
        edge = bucket(int(order.key.value))
        low, high = (low, min(high, edge)) if order.longest_first else (max(low, edge), high)
    ends = low, high
    margin = MARGIN if order.clause.sql or scope.processes is not None else 1
    need, most_cells = order.limit * margin * others, min(int(FEW_CELLS * others), ROW_LIMIT)
    for low, high, last in _ranges(store, ends, order.longest_first, need):
        bounds = {"low_bucket": low, "high_bucket": high, "low_edge": _low_edge(low)}
        counts = [(row[0], row[1]) for row in store.query(MINUTES, {**minutes(order.window), **bounds})]
        taken = sum(count for _, count in counts)
        if taken > FEW:
            return None
        if taken < need and not last:
            continue
        cells = _cells(store, scope, [minute for minute, _ in counts], {**bounds, "limit": most_cells})
        if len(cells) >= most_cells:
            return None
        found = _in_cells(store, order, cells, low, high)
        if last or len(found) >= order.limit:
            return found
    return []


# A bucket holds durations above its lower end, up to and with its upper end.
def _low_edge(number: int) -> int:
    return int(GROWTH**number) if number else 0


def _ranges(
    store: Snapshot, ends: tuple[int, int], longest_first: bool, need: float
) -> Iterator[tuple[int, int, bool]]:
    """Ever wider ranges of buckets from the outer end; with each, whether it is all there is."""
    low, high = ends
    rows = store.query(EVER_BUCKETS, {"low_bucket": low, "high_bucket": high})
    ever = sorted(((row[0], row[1]) for row in rows), reverse=longest_first)
    taken = 0
    for at, (edge, count) in enumerate(ever):
        taken += count
        last = at == len(ever) - 1
        if last or taken >= need:
            yield (edge, high, last) if longest_first else (low, edge, last)
            need = max(taken, need) * MARGIN


def _cells(store: Snapshot, scope: Scope, found: list[int], bounds: dict[str, int]) -> list[tuple[int, int]]:
    """The processes in those minutes that have durations in the range."""
    params: dict[str, object] = {**bounds, "minutes": str(found), "processes": str(scope.processes)}
    few = scope.processes is not None and len(scope.processes) * len(found) <= FEW_LOOKUPS
    cells = [(row[0], row[1]) for row in store.query(CELLS_OF_PROCESSES if few else CELLS, params)]
    if scope.processes is None or few or len(cells) >= bounds["limit"]:
        return cells
    wanted = set(scope.processes)
    return [cell for cell in cells if cell[0] in wanted]


def _in_cells(store: Snapshot, order: Order, cells: list[tuple[int, int]], low: int, high: int) -> list[Key]:
    bounds = [
        (
            process_id,
            ts(max(minute * MINUTE_NS, order.window.start_ns)),
            ts(min((minute + 1) * MINUTE_NS, order.window.end_ns)),
        )
        for process_id, minute in cells
    ]
    ends = {"low_edge": _low_edge(low), "high_edge": min(int(GROWTH ** (high + 1)) + 1, MAX_NS)}
    also = " and s.duration_ns between :low_edge and :high_edge"
    return order.run(store, IN_CELLS, also, cells=json.dumps(bounds), **ends)
