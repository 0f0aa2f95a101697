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

from obsv.store.file import Snapshot
from obsv.store.finding.asked import Asked, Reach
from obsv.store.finding.conditions import INTRINSIC, All, Compare, Condition, Field, Present, leaves, limits
from obsv.store.finding.narrowing import roots
from obsv.store.finding.sql import TRUE, Sql, fill
from obsv.store.finding.walks import (
    BY_ARRIVAL,
    BY_TIME,
    ERRORS,
    Walk,
    by_name,
    cheapest,
    extent,
    nearest,
    of_trace,
)
from obsv.store.finding.where import where
from obsv.store.ground import SKEW_NS, UNKNOWN_NS, Range, minute_of
from obsv.times import MAX_NS, clamp_ns

_TRACE_ID, _TRACE_DURATION = Field(INTRINSIC, "trace:id"), Field(INTRINSIC, "trace:duration")
# Spans that the first step looks at.
RECENT = 5_000
_FIRST_SLICE_NS, _GROWTH = 10_000_000_000, 6
_MOST_MINUTES = 1_000
# The inner query yields a trace at a time, so that the outer one asks no more of them than it needs.
_TRACES = """
select s.trace from (select distinct s.trace as trace, s.trace as held from {rows} order by {order} desc) s
where {traces} limit {limit}
"""
_HOLDS = """
exists (select 1 from span s where s.trace = held and s.start_ns >= {first_ns} and s.start_ns <= {last_ns} and {spans})
"""
_SLOW = """
select distinct minute from process_minute where minute >= {first} and minute <= {last} and max_ns >= {least} and {mine}
order by minute desc limit {limit}
"""
# Minutes in which a trace that reaches into a range and lasted so long can have ended, be it after the range.
_LATE = f"""
select minute, lag_ns, (select sum(count) from process_minute where minute = m.minute) as calls,
  (select sum(count) from process_minute where minute = 0) as ever
from (
  select minute, max(lag_ns) as lag_ns from calls_minute
  where edge = 0 and minute > 0 and lag_ns >= {{least}}
    and (minute >= {{first}} or lag_ns = {UNKNOWN_NS}) group by minute
) m order by minute desc limit {{limit}}
"""
# A trace that lasted longer than X has a call that ended later than X less this after its id was made, or one that
# began earlier than this before: whatever this is. An id without time in it is one or the other.
_ROW_SKEW_NS = 10_000_000
_LATE_ROW = """
hex(s.trace_id) not between printf('%012X', (s.start_ns + s.duration_ns - {least}) / 1000000)
  and printf('%012X', (s.start_ns + {skew}) / 1000000)
"""
# Reading a call that way takes so many times as long as reading it and its trace; and where ids have no time in them.
_LATE_COST, _UNKNOWN_COST = 0.5, 3


def find_traces(
    snapshot: Snapshot, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20
) -> list[str]:
    """Finds traces with a span that satisfies a condition and started in a range of time, Unix time.

    Their ids, in hex, begin with the trace of the latest matching span; in a wide range, with the one that came last.

    Raises:
        QueryTimeout: the answer takes too long; a narrower time range or condition helps.
    """
    search = _Search(snapshot, condition, limit)
    for step in search.steps(Range(clamp_ns(start_ns), clamp_ns(end_ns))):
        search.look(step)
        if len(search.found) >= limit:
            break
    return list(search.found)[:limit]


class _Step(NamedTuple):
    """A walk through a range of time."""

    walk: Walk
    part: Range
    among: Range | None = None  # the spans walked only name traces; those that match begin in this range
    named_by: Sql = TRUE  # a test of the spans that name traces


class _Search:
    def __init__(self, snapshot: Snapshot, condition: Condition, limit: int) -> None:
        self._snapshot = snapshot
        self._limit = limit
        self._asked = asked = Asked(snapshot, condition)
        self._spans = where(All(tuple(part for part in asked.parts if not _of_trace(part))))
        self._traces = where(All(tuple(part for part in asked.parts if _of_trace(part))))
        self._roots = Reach(snapshot, roots(condition))
        self.found: dict[str, None] = {}

    def steps(self, whole: Range) -> Iterator[_Step]:
        """The range in parts, latest first, and how to walk each."""
        if self._asked.reach.is_empty or self._roots.is_empty or self._limit <= 0:
            return
        for part in self._asked.parts:
            if isinstance(part, Compare) and part.operator == "=" and part.field == _TRACE_ID:
                yield _Step(of_trace(str(part.value).lower().rjust(32, "0")), whole)
                return
        recent = nearest(self._snapshot, whole, RECENT, latest=True)
        yield _Step(BY_TIME, recent or whole)
        if recent is not None and recent.first_ns > whole.first_ns:
            rest = Range(whole.first_ns, recent.first_ns - 1)
            late = self._late(rest)
            yield from self._rest(rest) if late is None else late

    def _rest(self, rest: Range) -> Iterator[_Step]:
        oldest_ns, share = extent(self._snapshot, rest)
        rest = Range(max(rest.first_ns, oldest_ns or 0), rest.last_ns)
        slow, part = self._slow_minutes(rest)
        walk = self._walk(share * part)
        if walk == BY_ARRIVAL:
            yield _Step(walk, rest)
        elif walk in (BY_TIME, ERRORS):
            yield from (_Step(walk, part_of) for part_of in slow)
        else:
            held = rest if walk == by_name(self._roots, roots=True) else None
            yield from (_Step(walk, each, held) for part_of in slow for each in _slices(part_of))

    # The rollups know each minute's longest call: where a long one is sought, most minutes hold none.
    def _slow_minutes(self, rest: Range) -> tuple[list[Range], float]:
        least, _ = self._asked.durations
        if not least:
            return [rest], 1.0
        first, last = rest.minutes
        asked = fill(_SLOW, first=first, last=last, least=least, mine=self._asked.reach.mine, limit=_MOST_MINUTES)
        rows = self._snapshot.query(*asked)
        if len(rows) >= _MOST_MINUTES:
            return [rest], 1.0
        return [rest.overlap(Range.of_minute(row["minute"])) for row in rows], len(rows) / (last - first + 1)

    def _late(self, rest: Range) -> list[_Step] | None:
        least, _ = limits(self._asked.parts, _TRACE_DURATION)
        if least is None or least <= _ROW_SKEW_NS:
            return None
        # A span of the range that is no such call itself began at most X after the id was made.
        first = minute_of(max(0, rest.first_ns - least - SKEW_NS))
        asked = fill(_LATE, least=max(0, least - SKEW_NS), first=first, limit=_MOST_MINUTES)
        rows = self._snapshot.query(*asked)
        cost = sum(row["calls"] * (_UNKNOWN_COST if row["lag_ns"] == UNKNOWN_NS else _LATE_COST) for row in rows)
        if (rows and cost > self._asked.reach.share * rows[0]["ever"]) or len(rows) >= _MOST_MINUTES:
            return None
        test = fill(_LATE_ROW, least=least - _ROW_SKEW_NS, skew=_ROW_SKEW_NS)
        return [_Step(BY_TIME, Range.of_minute(row["minute"]), rest, test) for row in rows]

    def _walk(self, share: float) -> Walk:
        if self._asked.errors:
            return ERRORS
        if self._roots.share < self._asked.reach.share:
            return cheapest(self._roots, share, by_name(self._roots, roots=True))
        return cheapest(self._asked.reach, share)

    def look(self, step: _Step) -> None:
        """Adds the traces of one part to `found`; some may come again."""
        spans, traces = self._spans, self._traces
        if step.among is not None:
            spans, traces = step.named_by, traces & fill(_HOLDS, **step.among._asdict(), spans=spans)
        order = Sql("s.id" if step.walk == BY_ARRIVAL else "s.ts")

        def query(walk: Walk) -> Sql:
            return fill(_TRACES, rows=walk.through(step.part, spans), order=order, traces=traces, limit=self._limit)

        for rows in step.walk.read(self._snapshot, query):
            for row in rows:
                self.found.setdefault(row["trace"])


# Whether a condition is on the trace as a whole, and so the same for each of its spans.
def _of_trace(condition: Condition) -> bool:
    found = leaves(condition)
    return bool(found) and all(
        isinstance(leaf, Compare | Present) and leaf.field.scope == INTRINSIC and leaf.field.name.startswith("trace:")
        for leaf in found
    )


def _slices(rest: Range) -> Iterator[Range]:
    length, last = _FIRST_SLICE_NS, rest.last_ns
    while rest.first_ns <= last:
        first = max(rest.first_ns, (last - length) // 1_000 * 1_000)  # the index knows microseconds
        yield Range(first, last)
        last, length = first - 1, length * _GROWTH
