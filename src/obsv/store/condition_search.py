"""Which traces hold a span that satisfies a condition: the latest ones, without reading more than is needed.

Spans are walked from the latest backwards, in two steps. Most searches have many matches and are done within the newest
few thousand spans. For the rest the condition tells which processes can match at all (`narrowing`) and in which minutes
(the rollups know each minute's longest call). Then the cheapest way is taken: by the processes' names, in slices of
time that grow; by time; or, where most of the file has to be read, in the order in which it lies there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from obsv.store.conditions import INTRINSIC, All, Compare, Condition, Field, Value, conjuncts, fields_of
from obsv.store.narrowing import processes, roots
from obsv.store.reader import Row, Snapshot
from obsv.store.rollups import ERROR, MINUTE_NS, minute_of
from obsv.store.sql import TRUE, Sql
from obsv.store.where import where

# Spans that the first step looks at.
RECENT = 5_000
# Microseconds a span costs: read by time or by name (a jump for each), or in the order in which they lie there.
_COST_BY_TIME, _COST_BY_NAME, _COST_BY_ARRIVAL = 0.3, 0.4, 0.08
_FIRST_SLICE_NS, _GROWTH = 10_000_000_000, 6
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FORMAT = "%Y-%m-%d %H:%M:%S.%f"
_LAST_YEAR_NS = 253_402_300_799_000_000_000  # the end of the year 9999, the last that `ts` can show


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
    """A way to come by spans, latest first: a FROM clause with its conditions and what is bound in them."""

    sql: str
    params: tuple[Any, ...] = ()


_BY_TIME = Walk("span s indexed by span_by_ts where 1")
# In the order of arrival, which is that of time but for what came late.
_BY_ARRIVAL = Walk("span s not indexed where 1")
_ERRORS = Walk("span s indexed by span_errors where s.status = 2")
_BY_NAME = "span s indexed by span_by_name where s.name_id in (select value from json_each(?))"
_ROOTS = _BY_NAME + " and s.parent_span_id is null"
_ONE_TRACE = "span s indexed by span_by_trace where s.trace = ?"
_WITHIN = "select distinct s.trace as trace, s.trace as held from {walk} and {range} and {spans} order by {order} desc"
# The inner query yields a trace at a time, so that the outer one asks no more of them than it needs.
_TRACES = "select s.trace from ({within}) s where {traces} limit ?"
_HOLDS = "exists (select 1 from span s where s.trace = held and {spans})"
_EDGE = "select start_ns from span where ts >= ? and ts <= ? order by ts desc limit 1 offset ?"
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


_SLOW = """
select distinct minute from process_minute where minute >= ?1 and minute <= ?2 and max_ns >= ?3
  and (?4 is null or process_id in (select id from process where name_id in (select value from json_each(?4))))
order by minute desc limit 1001
"""
_MOST_MINUTES = 1_000


def ts_of(time_ns: int) -> str:
    """Unix time in nanoseconds as the store's `ts` text."""
    bounded = min(max(time_ns, 0), _LAST_YEAR_NS)
    return (_EPOCH + timedelta(microseconds=bounded // 1_000)).strftime(_FORMAT)


def ns_of(ts: str) -> int:
    """The store's `ts` text as Unix time in nanoseconds."""
    return (datetime.strptime(ts, _FORMAT).replace(tzinfo=timezone.utc) - _EPOCH) // timedelta(microseconds=1) * 1_000


def find_traces(
    snapshot: Snapshot, condition: Condition, start_ns: int = 0, end_ns: int = _LAST_YEAR_NS, limit: int = 20
) -> list[str]:
    """Finds traces.

    Args:
        snapshot: where to look.
        condition: what one span of the trace satisfies.
        start_ns: the earliest start of that span, Unix time.
        end_ns: the latest.
        limit: how many traces at most.

    Returns:
        their ids in hex, the trace of the latest matching span first; in a wide range, the one that came last.

    Raises:
        QueryTimeout: the answer takes too long; a narrower time range or condition helps.
    """
    search = _Search(snapshot, condition, limit)
    if search.hopeless or limit <= 0:
        return []
    for walk, part in search.parts(Range(max(start_ns, 0), min(end_ns, _LAST_YEAR_NS))):
        search.look(walk, part)
        if len(search.found) >= limit:
            break
    return list(search.found)[:limit]


class _Search:
    def __init__(self, snapshot: Snapshot, condition: Condition, limit: int) -> None:
        self._snapshot = snapshot
        self._limit = limit
        self._parts = conjuncts(condition)
        self._spans = where(All(tuple(part for part in self._parts if not _of_trace(part))))
        self._traces = where(All(tuple(part for part in self._parts if _of_trace(part))))
        self._reach = self._reached(processes(condition))
        self._roots = self._reached(roots(condition))
        self.found: dict[str, None] = {}

    @property
    def hopeless(self) -> bool:
        """Whether no process can match."""
        return "[]" in (self._reach.names, self._roots.names)

    def _reached(self, test: Sql | None) -> Reach:
        if test is None:
            return Reach(None, 1.0)
        row = self._snapshot.query(_PROCESSES.format(test.text), test.params)[0]
        return Reach(row["names"], row["calls"] / (row["all_calls"] or 1.0))

    def parts(self, whole: Range) -> Iterator[tuple[Walk, Range]]:
        """The range in parts, latest first, and how to walk each."""
        for part in self._parts:
            if isinstance(part, Compare) and _is(part, "trace:id"):
                yield Walk(_ONE_TRACE, (str(part.value).lower().rjust(32, "0"),)), whole
                return
        edge = self._snapshot.one(_EDGE, (ts_of(whole.first_ns), ts_of(whole.last_ns), RECENT - 1))
        if edge is None:
            yield _BY_TIME, whole
            return
        # The edge's own microsecond is in both parts, so that none of its spans is missed.
        yield _BY_TIME, Range(edge["start_ns"] // 1_000 * 1_000, whole.last_ns)
        yield from self._rest(Range(whole.first_ns, edge["start_ns"] // 1_000 * 1_000 + 999))

    def _rest(self, rest: Range) -> Iterator[tuple[Walk, Range]]:
        extent = self._snapshot.query(_EXTENT, (ts_of(rest.first_ns), ts_of(rest.last_ns)))[0]
        rest = Range(max(rest.first_ns, ns_of(extent["oldest"])), rest.last_ns)
        slow, part = self._slow_minutes(rest)
        walk = self._walk(_share(extent) * part)
        if walk == _BY_ARRIVAL:
            yield walk, rest
        elif walk in (_BY_TIME, _ERRORS):
            yield from ((walk, minutes) for minutes in slow)
        else:
            yield from ((walk, each) for minutes in slow for each in _slices(minutes))

    # The rollups know each minute's longest call: where a long one is sought, most minutes hold none.
    def _slow_minutes(self, rest: Range) -> tuple[list[Range], float]:
        least = max((_at_least_ns(part) for part in self._parts), default=0)
        first, last = minute_of(rest.first_ns), minute_of(rest.last_ns)
        if not least:
            return [rest], 1.0
        rows = self._snapshot.query(_SLOW, (first, last, least, self._reach.names))
        if len(rows) >= _MOST_MINUTES:
            return [rest], 1.0
        ranges = [Range(row["minute"] * MINUTE_NS, (row["minute"] + 1) * MINUTE_NS - 1) for row in rows]
        within = [Range(max(rest.first_ns, each.first_ns), min(rest.last_ns, each.last_ns)) for each in ranges]
        return within, len(rows) / (last - first + 1)

    def _walk(self, share: float) -> Walk:
        if any(_is(part, "span:status", ERROR) for part in self._parts):
            return _ERRORS
        by_root = self._roots.share < self._reach.share
        narrow = self._roots if by_root else self._reach
        plain = min(share * _COST_BY_TIME, _COST_BY_ARRIVAL)
        if narrow.names is not None and share * narrow.share * _COST_BY_NAME < plain:
            return Walk(_ROOTS if by_root else _BY_NAME, (narrow.names,))
        return _BY_TIME if plain < _COST_BY_ARRIVAL else _BY_ARRIVAL

    def look(self, walk: Walk, part: Range) -> None:
        """Adds the traces of one part to `found`; some may come again."""
        spans, traces = self._spans, self._traces
        if walk.sql == _ROOTS:
            holds = Sql(_HOLDS.format(spans=spans.text), spans.params)
            spans, traces = TRUE, traces & holds
        column, order = "s.ts", "s.ts"
        bounds: tuple[Any, ...] = ts_of(part.first_ns), ts_of(part.last_ns)
        if walk == _BY_ARRIVAL:  # comparing start_ns is cheaper where no index gives ts
            column, order, bounds = "s.start_ns", "s.id", part
        within = _WITHIN.format(walk=walk.sql, range=f"{column} >= ? and {column} <= ?", spans=spans.text, order=order)
        sql = _TRACES.format(within=within, traces=traces.text)
        for row in self._snapshot.query(sql, (*walk.params, *bounds, *spans.params, *traces.params, self._limit)):
            self.found.setdefault(row["trace"])


def _is(part: Condition, name: str, value: Value | None = None) -> bool:
    return (
        isinstance(part, Compare)
        and part.field == Field(INTRINSIC, name)
        and part.operator == "="
        and value in (None, part.value)
    )


def _at_least_ns(part: Condition) -> int:
    wanted = isinstance(part, Compare) and part.field.name == "span:duration" and part.operator in ("=", ">", ">=")
    return int(part.value) if isinstance(part, Compare) and wanted else 0


# Whether a condition is on the trace as a whole, and so the same for each of its spans.
def _of_trace(condition: Condition) -> bool:
    fields = fields_of(condition)
    return bool(fields) and all(field.scope == INTRINSIC and field.name.startswith("trace:") for field in fields)


# A range's share of all spans, by its first and last spans' places in the order of arrival.
def _share(extent: Row) -> float:
    if extent["first_within"] is None or extent["last_within"] is None:
        return 0.0
    within, all_spans = abs(extent["last_within"] - extent["first_within"]) + 1, extent["last"] - extent["first"] + 1
    return min(1.0, float(within / all_spans))


def _slices(rest: Range) -> Iterator[Range]:
    length, last = _FIRST_SLICE_NS, rest.last_ns
    while rest.first_ns <= last:
        first = max(rest.first_ns, last - length)
        yield Range(first, last)
        # Bounds are compared as microseconds.
        last, length = first // 1_000 * 1_000 - 1, length * _GROWTH
