"""Summaries of traces: root, duration, counts, and the spans that a search found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.finding.conditions import Condition
from obsv.store.finding.sql import fill
from obsv.store.finding.where import where
from obsv.store.spans import StoredSpan
from obsv.store.spans.stored_trace import read_spans


class ServiceCount(NamedTuple):
    """A service's part of a trace."""

    name: str
    spans: int
    errors: int


class Summary(NamedTuple):
    """A summary of a trace.

    Args:
        trace_id: 32 hex digits.
        root_service: service of the root, or of the earliest span if the root is missing.
        root_name: likewise, its name.
        start_ns: the earliest start, Unix time.
        end_ns: the latest end.
        services: services of its spans.
    """

    trace_id: str
    root_service: str
    root_name: str
    start_ns: int
    end_ns: int
    services: list[ServiceCount]

    @property
    def spans(self) -> int:
        """Return the number of spans."""
        return sum(service.spans for service in self.services)

    @property
    def errors(self) -> int:
        """Return the number of failed spans."""
        return sum(service.errors for service in self.services)


class Match(NamedTuple):
    """The spans of a trace that satisfy a condition.

    Args:
        spans: the earliest of them.
        matched: number of all of them.
    """

    spans: list[StoredSpan]
    matched: int


# Of a larger trace this many spans are read, in the order of their IDs; its counts are then estimates.
MOST_READ = 20_000

_SIZES = "select t.value as trace, (select count(*) from span where trace = t.value) as spans from json_each(?) t"
_SOME = "cross join span s on s.id in (select x.id from span x where x.trace = t.value limit ?)"
# With a bare min(), SQLite takes the other columns from the row of the minimum: the root, or the earliest span.
_ROOTS = f"""
select t.value as trace, p.service, p.name,
  min(s.start_ns + (s.parent_span_id is not null) * 4611686018427387904) as rank
from json_each(?) t {_SOME} cross join process p on p.id = s.process_id group by t.value
"""
_SERVICES = f"""
select t.value as trace, p.service as name, count(*) as spans, sum(s.status = 2) as errors, min(s.start_ns) as start_ns,
  max(s.start_ns + s.duration_ns) as end_ns
from json_each(?) t {_SOME} cross join process p on p.id = s.process_id group by t.value, p.service order by p.service
"""
_MATCHES = """
select trace, id, matched from (
  select s.trace, s.id, row_number() over (partition by s.trace order by s.start_ns) as place,
    count(*) over (partition by s.trace) as matched
  from json_each({traces}) t cross join span s on s.trace = t.value where {test})
where place <= {most}
"""
_SOME_MATCHES = "select s.id from span s indexed by span_by_trace where s.trace = {trace} and {test} limit {most}"


def sizes(snapshot: Snapshot, trace_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of spans in each trace, from an index alone."""
    return {row["trace"]: row["spans"] for row in snapshot.query(_SIZES, (json.dumps(list(trace_ids)),))}


def summarize(snapshot: Snapshot, trace_ids: Sequence[str]) -> list[Summary]:
    """Return summaries of traces in the order given, without unknown ones.

    For a trace with more than `MOST_READ` spans, the counts by service, the errors and the extent are estimates.
    """
    asked, spans = json.dumps(list(trace_ids)), sizes(snapshot, trace_ids)
    roots = {row["trace"]: row for row in snapshot.query(_ROOTS, (asked, MOST_READ))}
    services: dict[str, list[ServiceCount]] = {}
    extents: dict[str, tuple[int, int]] = {}
    for row in snapshot.query(_SERVICES, (asked, MOST_READ)):
        trace, share = row["trace"], max(1.0, spans[row["trace"]] / MOST_READ)
        count = ServiceCount(row["name"], round(row["spans"] * share), round(row["errors"] * share))
        services.setdefault(trace, []).append(count)
        start, end = extents.get(trace, (row["start_ns"], row["end_ns"]))
        extents[trace] = min(start, row["start_ns"]), max(end, row["end_ns"])
    return [
        Summary(trace, roots[trace]["service"], roots[trace]["name"], *extents[trace], services[trace])
        for trace in trace_ids
        if trace in roots
    ]


def matches(snapshot: Snapshot, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
    """Return the spans of traces that satisfy a condition.

    Args:
        snapshot: the snapshot to read.
        condition: the condition.
        trace_ids: 32 hex digits each.
        most: maximum number of spans to return per trace; for one with more than `MOST_READ` spans, also to count.
    """
    test, counts = where(condition), sizes(snapshot, trace_ids)
    small = json.dumps([trace for trace in trace_ids if counts[trace] <= MOST_READ])
    found: dict[str, tuple[list[int], int]] = {}
    for row in snapshot.query(*fill(_MATCHES, traces=small, test=test, most=most)):
        found.setdefault(row["trace"], ([], row["matched"]))[0].append(row["id"])
    for trace in trace_ids:
        if counts[trace] > MOST_READ:
            rows = snapshot.query(*fill(_SOME_MATCHES, trace=trace, test=test, most=most))
            found[trace] = [row["id"] for row in rows], len(rows)
    spans = read_spans(snapshot, [identity for ids, _ in found.values() for identity in ids])
    return {
        trace: Match([spans[identity] for identity in ids if identity in spans], matched)
        for trace, (ids, matched) in found.items()
        if ids
    }
