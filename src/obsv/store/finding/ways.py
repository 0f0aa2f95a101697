"""Ways to come by the spans of a range of time, and what each costs."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.store.file import Snapshot
from obsv.store.finding.sql import Sql
from obsv.times import clamp_ns, iso_ns, ts

# Microseconds a span costs: read by time or by name (a jump for each), or in the order in which they lie there.
COST_BY_TIME, COST_BY_NAME, COST_BY_ARRIVAL = 0.3, 0.4, 0.08


class Range(NamedTuple):
    """A range of starts: Unix time in nanoseconds, both ends within."""

    first_ns: int
    last_ns: int


class Reach(NamedTuple):
    """Which processes can match.

    Args:
        names: the ids of their names as a JSON array; None for all.
        share: their calls' share of all calls, 0 to 1.
    """

    names: str | None
    share: float


class Walk(NamedTuple):
    """A way to come by spans: a FROM clause with its conditions and what is bound in them."""

    sql: str
    params: tuple[Any, ...] = ()

    def within(self, part: Range) -> Sql:
        """The walk through a range of time."""
        if self == BY_ARRIVAL:  # comparing start_ns is cheaper where no index gives ts
            bounded = clamp_ns(part.first_ns), clamp_ns(part.last_ns)
            return Sql(f"{self.sql} and s.start_ns >= ? and s.start_ns <= ?", (*self.params, *bounded))
        bounds = ts(part.first_ns), ts(part.last_ns)
        return Sql(f"{self.sql} and s.ts >= ? and s.ts <= ?", (*self.params, *bounds))


class Extent(NamedTuple):
    """How far the file's spans reach.

    Args:
        oldest_ns: the earliest start, Unix time; None in an empty file.
        share: the share of a range in all spans, by the places of its first and last in the order of arrival.
    """

    oldest_ns: int | None
    share: float


BY_TIME = Walk("span s indexed by span_by_ts where 1")
# In the order of arrival, which is that of time but for what came late.
BY_ARRIVAL = Walk("span s not indexed where 1")
ERRORS = Walk("span s indexed by span_errors where s.status = 2")
BY_NAME = "span s indexed by span_by_name where s.name_id in (select value from json_each(?))"
ROOTS = BY_NAME + " and s.parent_span_id is null"

_PROCESSES = """
select json_group_array(distinct p.name_id) as names, total(m.count) as calls,
  (select total(count) from process_minute where minute = 0) as all_calls
from process p left join process_minute m on m.minute = 0 and m.process_id = p.id where {}
"""
_EXTENT = """
select (select min(id) from span) as first, (select max(id) from span) as last, (select min(ts) from span) as oldest,
  (select id from span where ts >= ? order by ts limit 1) as first_within,
  (select id from span where ts <= ? order by ts desc limit 1) as last_within
"""


def reached(snapshot: Snapshot, test: Sql | None) -> Reach:
    """What a test on `process p` reaches; None is no test."""
    if test is None:
        return Reach(None, 1.0)
    row = snapshot.query(_PROCESSES.format(test.text), test.params)[0]
    return Reach(row["names"], row["calls"] / (row["all_calls"] or 1.0))


def extent(snapshot: Snapshot, part: Range) -> Extent:
    """How far the spans reach, and a range's share of them."""
    row = snapshot.query(_EXTENT, (ts(part.first_ns), ts(part.last_ns)))[0]
    oldest_ns = None if row["oldest"] is None else iso_ns(row["oldest"])
    if row["first_within"] is None or row["last_within"] is None:
        return Extent(oldest_ns, 0.0)
    within, all_spans = abs(row["last_within"] - row["first_within"]) + 1, row["last"] - row["first"] + 1
    return Extent(oldest_ns, min(1.0, float(within / all_spans)))


def cheapest(reach: Reach, share: float, by_name: str = BY_NAME) -> Walk:
    """The cheapest way through a share of the file for what a condition reaches."""
    plain = min(share * COST_BY_TIME, COST_BY_ARRIVAL)
    if reach.names is not None and share * reach.share * COST_BY_NAME < plain:
        return Walk(by_name, (reach.names,))
    return BY_TIME if plain < COST_BY_ARRIVAL else BY_ARRIVAL
