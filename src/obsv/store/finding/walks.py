"""Ways to reach the spans of a time range, and their costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from obsv.store.file import Params, Row, Snapshot, at_once, in_parts
from obsv.store.finding.asked import Asked, Reach
from obsv.store.finding.blocks import Blocks
from obsv.store.finding.sql import TRUE, Sql, fill
from obsv.store.ground import Range
from obsv.times import MAX_NS, iso_ns, ts

# Microseconds per span: read by time or by name (one jump each), or in the order of the file.
COST_BY_TIME, COST_BY_NAME, COST_BY_ARRIVAL = 0.3, 0.4, 0.08


class Walk(NamedTuple):
    """A way to reach spans: a FROM clause with its conditions."""

    sql: str
    runs: tuple[tuple[Any, ...], ...] = ((),)  # its parameters; several walks with one text are combined
    by_time: bool = True  # an index provides the rows' `ts`: otherwise, comparing start_ns is cheaper

    def through(self, part: Range, test: Sql = TRUE) -> Sql:
        """Return the spans of a time range that pass a test: a FROM clause with its conditions, for the first run."""
        own, (first, last) = Sql(self.sql, self.runs[0]), part
        if not self.by_time:  # true for most rows, so it comes last
            found = "{own} and {test} and s.start_ns >= {first} and s.start_ns <= {last}"
            return fill(found, own=own, test=test, first=first, last=last)
        low, high, ends = ts(first), ts(last), TRUE
        # The index has microseconds; within the last one, the row decides.
        if first % 1_000:
            ends &= Sql("(s.ts > ? or s.start_ns >= ?)", (low, first))
        if last % 1_000 != 999 and last != MAX_NS:
            ends &= Sql("(s.ts < ? or s.start_ns <= ?)", (high, last))
        found = "{own} and s.ts >= {low} and s.ts <= {high} and {ends} and {test}"
        return fill(found, own=own, low=low, high=high, ends=ends, test=test)

    def read(self, snapshot: Snapshot, query: Callable[[Walk], Sql]) -> list[list[Row]]:
        """Return the rows of each run of a query in which the walk's parameters come first."""
        if self == BY_ARRIVAL:  # on several processors
            parts = Walk("span s not indexed where s.id >= ? and s.id <= ?", tuple(in_parts(snapshot)), False)
            return snapshot.query_each(*parts.bound(query))
        if self.sql == _IN_BLOCKS:
            return snapshot.query_each(*self.bound(query))
        text, params = self.bound(query)
        return [snapshot.query(text, each) for each in params]

    @property
    def is_scan(self) -> bool:
        """Return whether it goes along the file, by arrival."""
        return self == BY_ARRIVAL or self.sql == _IN_BLOCKS

    def bound(self, query: Callable[[Walk], Sql]) -> tuple[str, list[Params]]:
        """Return the text of a query, and the parameters of each run."""
        text, params = query(self)
        return text, [(*run, *params[len(run) :]) for run in self.runs]


BY_TIME = Walk("span s indexed by span_by_ts where 1")
# The order of arrival, which is the order of time except for late spans.
BY_ARRIVAL = Walk("span s not indexed where 1", by_time=False)
ERRORS = Walk("span s indexed by span_errors where s.status = 2")
_IN_BLOCKS = (
    "json_each(?) b cross join span s not indexed "
    "where s.id >= json_extract(b.value, '$[0]') and s.id <= json_extract(b.value, '$[1]')"
)
_BY_NAME = "span s indexed by span_by_name where s.name_id in (select value from json_each(?))"
_ONE = "s.name_id = (select name_id from process where id = ?) and s.process_id = ?"


def by_name(reach: Reach, roots: bool = False) -> Walk:
    """The spans of the names of processes, or only the roots of them."""
    return Walk(_BY_NAME + (" and s.parent_span_id is null" if roots else ""), ((reach.names,),))


def of_each(processes: Iterable[int], failed: bool = False) -> Walk:
    """Return a walk of the spans of some processes, one run each, ordered by time."""
    index, also = ("span_failed_by_name", " and s.outcome = 'ERR'") if failed else ("span_by_name", "")
    return Walk(f"span s indexed by {index} where {_ONE}{also}", tuple((each, each) for each in processes))


def of_trace(trace_id: str) -> Walk:
    """Return a walk of the spans of a trace."""
    return Walk("span s indexed by span_by_trace where s.trace = ?", ((trace_id,),), by_time=False)


def in_blocks(blocks: Blocks, most: int | None = None) -> Walk:
    """Return a walk of the spans of blocks, on up to `most` processors; None for all there are."""
    parts = blocks.in_parts(at_once() if most is None else most)
    return Walk(_IN_BLOCKS, tuple((part,) for part in parts), by_time=False)


def scan(asked: Asked) -> Walk:
    """Return the walk along the file for a condition: past the blocks that cannot match, if they are known."""
    return BY_ARRIVAL if asked.blocks is None else in_blocks(asked.blocks)


def since(row_id: int) -> Walk:
    """Return a walk of the spans that arrived after a row."""
    return Walk("span s where s.id > ?", ((row_id,),), by_time=False)


_EXTENT = """
select (select min(id) from span) as first, (select max(id) from span) as last, (select min(ts) from span) as oldest,
  (select id from span where ts >= ? order by ts limit 1) as first_within,
  (select id from span where ts <= ? order by ts desc limit 1) as last_within
"""


def extent(snapshot: Snapshot, part: Range) -> tuple[int | None, float]:
    """The earliest start in the file, and the share of a range in all spans, by their order of arrival."""
    row = snapshot.query(_EXTENT, (ts(part.first_ns), ts(part.last_ns)))[0]
    oldest_ns = None if row["oldest"] is None else iso_ns(row["oldest"])
    if row["first_within"] is None or row["last_within"] is None:
        return oldest_ns, 0.0
    within, all_spans = abs(row["last_within"] - row["first_within"]) + 1, row["last"] - row["first"] + 1
    return oldest_ns, min(1.0, float(within / all_spans))


_EDGE = "select ts from span where ts >= ? and ts <= ? order by ts {} limit 1 offset ?"


def nearest(snapshot: Snapshot, part: Range, count: int, latest: bool) -> Range | None:
    """Return the latest or earliest part of a range with about `count` spans; None if the range has no more.

    Its inner end is a whole microsecond: spans that begin in it belong to this part.
    """
    low, high = ts(part.first_ns), ts(part.last_ns)
    edge = snapshot.one(_EDGE.format("desc" if latest else "asc"), (low, high, max(0, count - 1)))
    if edge is None:
        return None
    at = iso_ns(edge["ts"])
    return part.overlap(Range(at, MAX_NS) if latest else Range(0, at + 999))


def cheapest(reach: Reach, share: float, named: Walk | None = None) -> Walk:
    """Return the cheapest walk through a share of the file for the reach of a condition."""
    plain = min(share * COST_BY_TIME, COST_BY_ARRIVAL)
    if reach.names is not None and share * reach.share * COST_BY_NAME < plain:
        return named or by_name(reach)
    return BY_TIME if plain < COST_BY_ARRIVAL else BY_ARRIVAL
