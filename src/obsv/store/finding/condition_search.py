"""Search for traces with a span that satisfies a condition: the latest ones, reading no more than needed.

Spans are walked backwards from the latest, in two steps. Most searches have many matches and finish within the newest
few thousand spans. Otherwise, the condition tells which processes can match at all (`narrowing`) and in which minutes
(the rollups contain each minute's longest call), and the cheapest walk is used: by the processes' names, in growing
slices of time; by time; or, if most of the file must be read, in the order of the file. Long traces are searched in the
minutes in which they can have ended (`lag`).
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
    in_blocks,
    nearest,
    of_trace,
    scan,
)
from obsv.store.finding.where import where
from obsv.store.ground import SKEW_NS, UNKNOWN_NS, Range, minute_of
from obsv.times import MAX_NS, clamp_ns

_TRACE_ID, _TRACE_DURATION = Field(INTRINSIC, "trace:id"), Field(INTRINSIC, "trace:duration")
# Number of spans examined in the first step.
RECENT = 5_000
_FIRST_SLICE_NS, _GROWTH = 10_000_000_000, 6
_MOST_MINUTES = 1_000
# The inner query yields traces one by one, so that the outer one reads no more than it needs.
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
# Minutes in which a trace of this length that overlaps a range can have ended, including after the range.
_LATE = f"""
select minute, lag_ns, (select sum(count) from process_minute where minute = m.minute) as calls,
  (select sum(count) from process_minute where minute = 0) as ever
from (
  select minute, max(lag_ns) as lag_ns from calls_minute
  where edge = 0 and minute > 0 and lag_ns >= {{least}}
    and (minute >= {{first}} or lag_ns = {UNKNOWN_NS}) group by minute
) m order by minute desc limit {{limit}}
"""
# A trace longer than X has a call that ended later than X minus this after its ID was created, or one that began
# earlier than this before it, for any value of this. IDs that do not contain the time count as either.
_ROW_SKEW_NS = 10_000_000
_LATE_ROW = """
hex(s.trace_id) not between printf('%012X', (s.start_ns + s.duration_ns - {least}) / 1000000)
  and printf('%012X', (s.start_ns + {skew}) / 1000000)
"""
# Cost of reading a call that way, relative to reading it together with its trace; also if IDs do not contain the time.
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
    """A walk through a time range."""

    walk: Walk
    part: Range
    among: Range | None = None  # the walked spans only name traces; matching spans begin in this range
    named_by: Sql = TRUE  # test of the spans that name traces


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
        """Yield the parts of the range, latest first, and how to walk each."""
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
        if (blocks := self._asked.few_in_blocks) is not None:
            yield _Step(in_blocks(blocks), rest)
            return
        oldest_ns, share = extent(self._snapshot, rest)
        rest = Range(max(rest.first_ns, oldest_ns or 0), rest.last_ns)
        slow, part = self._slow_minutes(rest)
        walk = self._walk(share * part)
        if walk == BY_ARRIVAL:
            yield _Step(scan(self._asked), rest)
        elif walk in (BY_TIME, ERRORS):
            yield from (_Step(walk, part_of) for part_of in slow)
        else:
            held = rest if walk == by_name(self._roots, roots=True) else None
            yield from (_Step(walk, each, held) for part_of in slow for each in _slices(part_of))

    # The rollups contain each minute's longest call: most minutes contain no long call.
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
        # A span of the range that is not such a call itself began at most X after the ID was created.
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
        """Add the traces of one part to `found`; some may be repeated."""
        spans, traces = self._spans, self._traces
        if step.among is not None:
            spans, traces = step.named_by, traces & fill(_HOLDS, **step.among._asdict(), spans=spans)
        order = Sql("s.id" if step.walk.is_scan else "s.ts")

        def query(walk: Walk) -> Sql:
            return fill(_TRACES, rows=walk.through(step.part, spans), order=order, traces=traces, limit=self._limit)

        for rows in step.walk.read(self._snapshot, query):
            for row in rows:
                self.found.setdefault(row["trace"])


# Whether a condition concerns the whole trace, and is therefore the same for each of its spans.
def _of_trace(condition: Condition) -> bool:
    found = leaves(condition)
    return bool(found) and all(
        isinstance(leaf, Compare | Present) and leaf.field.scope == INTRINSIC and leaf.field.name.startswith("trace:")
        for leaf in found
    )


def _slices(rest: Range) -> Iterator[Range]:
    length, last = _FIRST_SLICE_NS, rest.last_ns
    while rest.first_ns <= last:
        first = max(rest.first_ns, (last - length) // 1_000 * 1_000)  # the index has microseconds
        yield Range(first, last)
        last, length = first - 1, length * _GROWTH
