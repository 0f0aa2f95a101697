"""Which traces hold a span that satisfies a condition: the latest ones, without reading more than is needed.

Spans are walked from the latest backwards, in two steps. Most searches have many matches and are done within the newest
few thousand spans. For the rest the condition tells which processes can match at all (`narrowing`) and in which minutes
(the rollups know each minute's longest call). Then the cheapest way is taken: by the processes' names, in slices of
time that grow; by time; or, where most of the file has to be read, in the order in which it lies there. Traces that
lasted long are looked for in the minutes in which they can have ended (`lag`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from obsv.store.file import Snapshot, in_parts
from obsv.store.finding.conditions import INTRINSIC, All, Compare, Condition, Field, Value, conjuncts, fields_of
from obsv.store.finding.narrowing import processes, roots
from obsv.store.finding.sql import TRUE, Sql
from obsv.store.finding.ways import (
    BY_ARRIVAL,
    BY_NAME,
    BY_TIME,
    ERRORS,
    ROOTS,
    Range,
    Walk,
    cheapest,
    extent,
    reached,
)
from obsv.store.finding.where import where
from obsv.store.ground import ERROR, MINUTE_NS, SKEW_NS, UNKNOWN_NS, minute_of
from obsv.times import MAX_NS, clamp_ns, ts

# Spans that the first step looks at.
RECENT = 5_000
_FIRST_SLICE_NS, _GROWTH = 10_000_000_000, 6
_MOST_MINUTES = 1_000
_ONE_TRACE = "span s indexed by span_by_trace where s.trace = ?"
_PART = "span s not indexed where s.id >= ? and s.id <= ?"
_WITHIN = "select distinct s.trace as trace, s.trace as held from {walk} and {spans} order by {order} desc"
# The inner query yields a trace at a time, so that the outer one asks no more of them than it needs.
_TRACES = "select s.trace from ({within}) s where {traces} limit ?"
_HOLDS = "exists (select 1 from span s where s.trace = held and s.start_ns >= ? and s.start_ns <= ? and {spans})"
_EDGE = "select start_ns from span where ts >= ? and ts <= ? order by ts desc limit 1 offset ?"
_SLOW = """
select distinct minute from process_minute where minute >= :first and minute <= :last and max_ns >= :least
  and (:names is null or process_id in (select id from process where name_id in (select value from json_each(:names))))
order by minute desc limit :limit
"""
# Minutes in which a trace that reaches into a range and lasted so long can have ended, be it after the range.
_LATE = f"""
select minute, lag_ns, (select sum(count) from process_minute where minute = m.minute) as calls,
  (select sum(count) from process_minute where minute = 0) as ever
from (
  select minute, max(lag_ns) as lag_ns from calls_minute
  where edge = 0 and minute > 0 and lag_ns >= ? and (minute >= ? or lag_ns = {UNKNOWN_NS}) group by minute
) m order by minute desc limit ?
"""
# A trace that lasted longer than X has a call that ended later than X less this after its id was made, or one that
# began earlier than this before: whatever this is. An id without time in it is one or the other.
_ROW_SKEW_NS = 10_000_000
_LATE_ROW = Sql(
    "hex(s.trace_id) not between printf('%012X', (s.start_ns + s.duration_ns - ?) / 1000000) "
    "and printf('%012X', (s.start_ns + ?) / 1000000)"
)
# Reading a call that way takes so many times as long as reading it and its trace; and where ids have no time in them.
_LATE_COST, _UNKNOWN_COST = 0.5, 3


def find_traces(
    snapshot: Snapshot, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20
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
    for step in search.steps(Range(clamp_ns(start_ns), clamp_ns(end_ns))):
        search.look(step)
        if len(search.found) >= limit:
            break
    return list(search.found)[:limit]


class _Step(NamedTuple):
    """A walk through a range of time.

    Args:
        walk: the way.
        part: the range.
        among: the spans walked only name traces; those that match begin in this range. None: those walked match.
        named_by: a test of the spans that name traces.
    """

    walk: Walk
    part: Range
    among: Range | None = None
    named_by: Sql = TRUE


class _Search:
    def __init__(self, snapshot: Snapshot, condition: Condition, limit: int) -> None:
        self._snapshot = snapshot
        self._limit = limit
        self._parts = conjuncts(condition)
        self._spans = where(All(tuple(part for part in self._parts if not _of_trace(part))))
        self._traces = where(All(tuple(part for part in self._parts if _of_trace(part))))
        self._reach = reached(snapshot, processes(condition))
        self._roots = reached(snapshot, roots(condition))
        self.found: dict[str, None] = {}

    @property
    def hopeless(self) -> bool:
        """Whether no process can match."""
        return "[]" in (self._reach.names, self._roots.names)

    def steps(self, whole: Range) -> Iterator[_Step]:
        """The range in parts, latest first, and how to walk each."""
        for part in self._parts:
            if isinstance(part, Compare) and _is(part, "trace:id"):
                yield _Step(Walk(_ONE_TRACE, (str(part.value).lower().rjust(32, "0"),)), whole)
                return
        edge = self._snapshot.one(_EDGE, (ts(whole.first_ns), ts(whole.last_ns), RECENT - 1))
        if edge is None:
            yield _Step(BY_TIME, whole)
            return
        # The edge's own microsecond is in both parts, so that none of its spans is missed.
        yield _Step(BY_TIME, Range(edge["start_ns"] // 1_000 * 1_000, whole.last_ns))
        rest = Range(whole.first_ns, edge["start_ns"] // 1_000 * 1_000 + 999)
        late = self._late(rest)
        yield from self._rest(rest) if late is None else late

    def _rest(self, rest: Range) -> Iterator[_Step]:
        reach = extent(self._snapshot, rest)
        rest = Range(max(rest.first_ns, reach.oldest_ns or 0), rest.last_ns)
        slow, part = self._slow_minutes(rest)
        walk = self._walk(reach.share * part)
        if walk == BY_ARRIVAL:
            yield _Step(walk, rest)
        elif walk in (BY_TIME, ERRORS):
            yield from (_Step(walk, minutes) for minutes in slow)
        else:
            among = rest if walk.sql == ROOTS else None
            yield from (_Step(walk, each, among) for minutes in slow for each in _slices(minutes))

    # The rollups know each minute's longest call: where a long one is sought, most minutes hold none.
    def _slow_minutes(self, rest: Range) -> tuple[list[Range], float]:
        least = self._least_ns("span:duration")
        first, last = minute_of(rest.first_ns), minute_of(rest.last_ns)
        if not least:
            return [rest], 1.0
        given = {"first": first, "last": last, "least": least, "names": self._reach.names, "limit": _MOST_MINUTES}
        rows = self._snapshot.query(_SLOW, given)
        if len(rows) >= _MOST_MINUTES:
            return [rest], 1.0
        ranges = [_minute(row["minute"]) for row in rows]
        within = [Range(max(rest.first_ns, each.first_ns), min(rest.last_ns, each.last_ns)) for each in ranges]
        return within, len(rows) / (last - first + 1)

    def _late(self, rest: Range) -> list[_Step] | None:
        least = self._least_ns("trace:duration")
        if least <= _ROW_SKEW_NS:
            return None
        # A span of the range that is no such call itself began at most X after the id was made.
        first = minute_of(max(0, rest.first_ns - least - SKEW_NS))
        rows = self._snapshot.query(_LATE, (max(0, least - SKEW_NS), first, _MOST_MINUTES))
        cost = sum(row["calls"] * (_UNKNOWN_COST if row["lag_ns"] == UNKNOWN_NS else _LATE_COST) for row in rows)
        if (rows and cost > self._reach.share * rows[0]["ever"]) or len(rows) >= _MOST_MINUTES:
            return None
        test = Sql(_LATE_ROW.text, (least - _ROW_SKEW_NS, _ROW_SKEW_NS))
        return [_Step(BY_TIME, _minute(row["minute"]), rest, test) for row in rows]

    def _least_ns(self, name: str) -> int:
        return max((_at_least_ns(part, name) for part in self._parts), default=0)

    def _walk(self, share: float) -> Walk:
        if any(_is(part, "span:status", ERROR) for part in self._parts):
            return ERRORS
        if self._roots.share < self._reach.share:
            return cheapest(self._roots, share, ROOTS)
        return cheapest(self._reach, share, BY_NAME)

    def look(self, step: _Step) -> None:
        """Adds the traces of one part to `found`; some may come again."""
        spans, traces = self._spans, self._traces
        if step.among is not None:
            holds = Sql(_HOLDS.format(spans=spans.text), (*step.among, *spans.params))
            spans, traces = step.named_by, traces & holds
        starts, order = [step.walk.within(step.part)], "s.ts"
        if step.walk == BY_ARRIVAL:
            starts, order = [Sql(_PART, each) for each in in_parts(self._snapshot)], "s.id"
            spans &= Sql("s.start_ns >= ? and s.start_ns <= ?", step.part)  # true of most, so it comes last
        within = _WITHIN.format(walk=starts[0].text, spans=spans.text, order=order)
        sql = _TRACES.format(within=within, traces=traces.text)
        rest = (*spans.params, *traces.params, self._limit)
        for rows in self._snapshot.query_each(sql, [(*start.params, *rest) for start in starts]):
            for row in rows:
                self.found.setdefault(row["trace"])


def _is(part: Condition, name: str, value: Value | None = None) -> bool:
    return (
        isinstance(part, Compare)
        and part.field == Field(INTRINSIC, name)
        and part.operator == "="
        and value in (None, part.value)
    )


def _minute(minute: int) -> Range:
    return Range(minute * MINUTE_NS, (minute + 1) * MINUTE_NS - 1)


def _at_least_ns(part: Condition, name: str) -> int:
    wanted = isinstance(part, Compare) and part.field == Field(INTRINSIC, name) and part.operator in ("=", ">", ">=")
    return int(part.value) if isinstance(part, Compare) and wanted else 0


# Whether a condition is on the trace as a whole, and so the same for each of its spans.
def _of_trace(condition: Condition) -> bool:
    fields = fields_of(condition)
    return bool(fields) and all(field.scope == INTRINSIC and field.name.startswith("trace:") for field in fields)


def _slices(rest: Range) -> Iterator[Range]:
    length, last = _FIRST_SLICE_NS, rest.last_ns
    while rest.first_ns <= last:
        first = max(rest.first_ns, last - length)
        yield Range(first, last)
        # Bounds are compared as microseconds.
        last, length = first // 1_000 * 1_000 - 1, length * _GROWTH
