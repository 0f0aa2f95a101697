"""Decisions and outcomes on their way into the file: log records that go into tables of their own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from obsv.store.ground import DECISION, HOUR_NS, DecisionRow, LogRow, OutcomeRow, read_decision, read_outcome
from obsv.store.writing.sql.statements import Insert

# Hostile names must not fill the file: gates beyond this number share one name.
MOST_GATE_NAMES = 10_000
_OTHER = "…"

_DECISION = """
insert into decision_made(decision_id, time_ns, duration_ns, kind, subject, mode, verdict, action, actor, policy,
  is_shadow, refused_by, refusals, trace_id, span_id, service, inputs, attributes, violations, exception, judgement)
values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict do nothing
"""
_GATES = Insert(
    "gate_value",
    "made, position, gate_id, time_ns, passed, is_shadow, observed, op, threshold, margin, margin_share, latency_ns, "
    "version, text",
    "do nothing",
    unique=True,
)
_OUTCOMES = Insert(
    "outcome_seen",
    "digest, decision_id, time_ns, cutoff_ns, method, alternative, judgement, metrics, service, violations",
    "do nothing",
    unique=True,
)
_HOUR = """
insert into gate_hour(gate_id, hour, seen, passed, evaluated, evaluated_passed) values (?, ?, ?, ?, ?, ?)
on conflict do update set seen = seen + excluded.seen, passed = passed + excluded.passed,
  evaluated = evaluated + excluded.evaluated, evaluated_passed = evaluated_passed + excluded.evaluated_passed
"""
# The latest holds, whichever of decision and counterfactual came first.
_JUDGE = """
update decision_made set judgement = found.judgement from (
  select d.id, (select judgement from outcome_seen o where o.decision_id = d.decision_id and o.method <> ''
    order by o.time_ns desc, o.id desc limit 1) as judgement
  from json_each(?) j join decision_made d on d.decision_id = j.value) as found
where decision_made.id = found.id and found.judgement is not null
"""
_GATE_ID = "select id from gate where kind = ? and mode = ? and name = ?"
_NEW_GATE = "insert into gate(kind, mode, name) values (?, ?, ?) returning id"


class Decided(NamedTuple):
    """Decisions and outcomes that are stored together.

    Args:
        decisions: each with how its refusal was judged; empty: not, or by an outcome that is stored.
        outcomes: each with the digest by which a repeated one is known.
    """

    decisions: Sequence[tuple[DecisionRow, str]]
    outcomes: Sequence[tuple[bytes, OutcomeRow]]

    def write(self, connection: sqlite3.Connection) -> None:
        """Store them in the transaction that is open; those that are there already are passed over."""
        gates: list[Any] = []
        hours: dict[tuple[int, int], list[int]] = {}
        judged = [outcome.decision_id for _, outcome in self.outcomes if outcome.judgement]
        names: dict[tuple[str, str, str], int] = {}
        for decision, judgement in self.decisions:
            cursor = connection.execute(_DECISION, (*decision[:-1], judgement))
            if cursor.rowcount < 1:
                continue
            made = cursor.lastrowid
            judged.append(decision.decision_id)
            for position, gate in enumerate(decision.gates, 1):
                key = decision.kind, decision.mode, gate.name
                if key not in names:
                    names[key] = _gate_id(connection, key)
                gates += (made, position, names[key], decision.time_ns, *gate[1:])
                counts = hours.setdefault((names[key], decision.time_ns // HOUR_NS), [0, 0, 0, 0])
                for at, holds in enumerate((True, gate.passed, not gate.is_shadow, gate.passed and not gate.is_shadow)):
                    counts[at] += holds
        _GATES.run(connection, gates)
        _OUTCOMES.run(connection, [value for digest, outcome in self.outcomes for value in (digest, *outcome)])
        connection.executemany(_HOUR, [(*key, *counts) for key, counts in hours.items()])
        connection.execute(_JUDGE, (json.dumps(judged),))


def read_carriers(rows: Sequence[LogRow], digest: Callable[[LogRow], bytes]) -> tuple[Decided, list[LogRow]]:
    """Return the decisions and outcomes that log records carry, and those that cannot be read and stay log records.

    Args:
        rows: log records whose names say that they carry some.
        digest: of a log record.
    """
    decisions: list[tuple[DecisionRow, str]] = []
    outcomes: list[tuple[bytes, OutcomeRow]] = []
    rest: list[LogRow] = []
    for row in rows:
        if row.event_name == DECISION:
            decision = read_decision(row)
            decisions += [(decision, "")] if decision is not None else []
            rest += [row] if decision is None else []
        else:
            outcome = read_outcome(row)
            outcomes += [(digest(row), outcome)] if outcome is not None else []
            rest += [row] if outcome is None else []
    return Decided(decisions, outcomes), rest


def _gate_id(connection: sqlite3.Connection, key: tuple[str, str, str]) -> int:
    found = connection.execute(_GATE_ID, key).fetchone()
    if found is None:
        (count,) = connection.execute("select count(*) from gate").fetchone()
        if count >= MOST_GATE_NAMES and key[2] != _OTHER:
            return _gate_id(connection, ("", "", _OTHER))
        found = connection.execute(_NEW_GATE, key).fetchone()
    return int(found[0])
