"""Decisions with their gates, and outcomes, for the archive: in order of arrival."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import DecisionRow, GateRow, OutcomeRow
from obsv.times import MAX_NS

CHUNK = 1_000


class ArchivedDecision(NamedTuple):
    """A decision, its `id`, and how its refusal was judged last."""

    id: int
    row: DecisionRow
    judgement: str


class ArchivedOutcome(NamedTuple):
    """An outcome or counterfactual, its `id`, and the digest by which a repeated one is known."""

    id: int
    digest: bytes
    row: OutcomeRow


_STARTS = "select id, time_ns from {} where id > ? order by id limit ?"
_MADE = """
select id, judgement, decision_id, time_ns, duration_ns, kind, subject, mode, verdict, action, actor, policy, is_shadow,
  refused_by, refusals, trace_id, span_id, service, inputs, attributes, violations, exception
from decision_made where id > ? and id <= ? order by id limit ?
"""
_GATES = """
select v.made, g.name, v.passed, v.is_shadow, v.observed, v.op, v.threshold, v.margin, v.margin_share, v.latency_ns,
  v.version, v.text
from gate_value v join gate g on g.id = v.gate_id where v.made between ? and ? order by v.made, v.position
"""
_TOLD = """
select id, digest, decision_id, time_ns, cutoff_ns, method, alternative, judgement, metrics, service, violations
from outcome_seen where {} order by id limit ?
"""
_BETWEEN = _TOLD.format("id > ? and id <= ?")
# Deletion by age goes by time, arrival nearly so: what came late has high ids, what is dated ahead is not the least.
_FROM = "select min(time_ns) from (select time_ns from decision_made order by id limit 1000)"
_OF = _TOLD.format("id > ? and decision_id in (select value from json_each(?))")


def decision_starts_after(reader: Readable, position: int) -> Iterator[tuple[int, int]]:
    """Yield `id` and time (Unix time, ns) of the decisions that arrived after one, in order of arrival."""
    return _starts(reader, "decision_made", position)


def outcome_starts_after(reader: Readable, position: int) -> Iterator[tuple[int, int]]:
    """Yield `id` and time (Unix time, ns) of the outcomes that arrived after one, in order of arrival."""
    return _starts(reader, "outcome_seen", position)


def decisions_between(reader: Readable, after: int, last: int, size: int = CHUNK) -> Iterator[list[ArchivedDecision]]:
    """Yield the decisions with `id` > `after` and <= `last`, in order of arrival, in batches."""
    while rows := [tuple(row) for row in reader.query(_MADE, (after, last, size))]:
        gates: dict[int, list[GateRow]] = defaultdict(list)
        for made, name, passed, is_shadow, *rest in reader.query(_GATES, (rows[0][0], rows[-1][0])):
            gates[made].append(GateRow(name, bool(passed), bool(is_shadow), *rest))
        found = []
        for number, judgement, *values in rows:
            row = DecisionRow._make((*values, tuple(gates[number])))
            found.append(ArchivedDecision(number, row._replace(is_shadow=bool(row.is_shadow)), judgement))
        yield found
        after = rows[-1][0]


def outcomes_between(reader: Readable, after: int, last: int, size: int = CHUNK) -> Iterator[list[ArchivedOutcome]]:
    """Yield the outcomes with `id` > `after` and <= `last`, in order of arrival, in batches."""
    while rows := reader.query(_BETWEEN, (after, last, size)):
        yield [_outcome(row) for row in map(tuple, rows)]
        after = rows[-1]["id"]


def outcomes_of(reader: Readable, decision_ids: Collection[str], size: int = CHUNK) -> Iterator[list[ArchivedOutcome]]:
    """Yield the outcomes of some decisions, in order of arrival, in batches."""
    after, ids = 0, json.dumps(list(decision_ids))
    while rows := reader.query(_OF, (after, ids, size)):
        yield [_outcome(row) for row in map(tuple, rows)]
        after = rows[-1]["id"]


def decided_from(reader: Readable) -> int:
    """Return the time before which decisions are in the archive, or have only just arrived; Unix time."""
    (found,) = reader.query(_FROM)[0]
    return MAX_NS if found is None else int(found)


def _outcome(values: tuple[object, ...]) -> ArchivedOutcome:
    number, digest, *row = values
    return ArchivedOutcome(number, digest, OutcomeRow(*row))  # type: ignore[arg-type]


def _starts(reader: Readable, table: str, position: int) -> Iterator[tuple[int, int]]:
    while rows := reader.query(_STARTS.format(table), (position, CHUNK)):
        yield from ((row["id"], row["time_ns"]) for row in rows)
        position = rows[-1]["id"]
