"""Random journals of decisions: rows written as the keeper would, and the same in plain lists."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path
from typing import NamedTuple

from obsv.store import Writer
from obsv.store.ground import Window

# 2026-09-21 14:13:20 UTC
START_NS = 1_790_000_000_000_000_000
_SECOND_NS = 1_000_000_000
WINDOW = Window(START_NS, START_NS + 1_000_000 * _SECOND_NS)


class Journal(NamedTuple):
    """The outcomes of one mode, in order of time."""

    mode: str
    pnl: list[float]
    label: list[int]
    probability: list[float]
    actual: list[float]
    forecast: list[float]
    duration_ms: list[float]
    passed: list[bool]


def random_journal(mode: str, seed: int, size: int | None = None) -> Journal:
    """Make a journal: of some sizes nothing, equal values, or only losses."""
    dice = random.Random(seed)
    count = dice.choice((0, 1, 2, 3, 7, 20, 60)) if size is None else size
    kind = dice.random()
    pnl = [round(dice.gauss(0.3, 5), 4) if kind < 0.8 else (-1.5 if kind < 0.9 else 0.0) for _ in range(count)]
    label = [int(dice.random() < 0.4) for _ in range(count)]
    probability = [round(min(max(dice.gauss(0.35 + 0.2 * each, 0.2), 0), 1), dice.choice((1, 4))) for each in label]
    actual = [dice.gauss(0, 1) for _ in range(count)]
    forecast = [each + dice.gauss(0, 0.5) for each in actual]
    duration_ms = [dice.expovariate(1.0) + 0.000001 for _ in range(count)]
    duration_ms = [round(each * 1e6) / 1e6 for each in duration_ms]
    passed = [dice.random() < 0.7 for _ in range(count)]
    return Journal(mode, pnl, label, probability, actual, forecast, duration_ms, passed)


def write_journals(path: Path, journals: list[Journal]) -> None:
    """Write journals into a new store: for each outcome a decision that passed, with one gate."""
    writer = Writer(path)
    writer.open()
    writer.close()
    with sqlite3.connect(path) as file:
        for journal in journals:
            for at in range(len(journal.pnl)):
                _write(file, journal, at)
    file.close()


def _write(file: sqlite3.Connection, journal: Journal, at: int) -> None:
    time_ns = START_NS + (at + 1) * _SECOND_NS
    decision_id = f"{journal.mode}-{at}"
    made = decide(file, decision_id, time_ns, journal.mode, duration_ns=round(journal.duration_ms[at] * 1e6))
    gate(file, made, time_ns, journal.mode, "spread", journal.passed[at])
    metrics = {
        "pnl": journal.pnl[at],
        "pnl_bps": journal.pnl[at] * 10,
        "label": journal.label[at],
        "probability": journal.probability[at],
        "actual": journal.actual[at],
        "forecast": journal.forecast[at],
    }
    outcome(file, decision_id, time_ns + 1, metrics)


_DECISION = """
insert into decision_made(decision_id, time_ns, duration_ns, kind, subject, mode, verdict, action, actor, policy,
  is_shadow, refused_by, refusals, trace_id, span_id, service, inputs, attributes, violations)
values (?, ?, ?, 'entry', ?, ?, ?, '', ?, '', 0, ?, ?, x'', x'', 'desk', '{}', '{}', ?) returning id
"""
_GATE = """
insert into gate_value(made, position, gate_id, time_ns, passed, is_shadow, observed, op, threshold, margin,
  margin_share, version, text) values (?, ?, ?, ?, ?, ?, ?, '<=', 5.0, ?, ?, '', '')
"""
_OUTCOME = """
insert into outcome_seen(digest, decision_id, time_ns, method, alternative, judgement, metrics, service, violations)
values (?, ?, ?, ?, '', ?, ?, 'desk', '[]')
"""


def decide(
    file: sqlite3.Connection,
    decision_id: str,
    time_ns: int,
    mode: str,
    verdict: str = "pass",
    actor: str = "",
    refused_by: str = "",
    duration_ns: int = 1_000,
    violations: str = "[]",
    subject: str = "ETH-USD",
) -> int:
    """Write a decision; return its row."""
    refusals = int(verdict == "block")
    values = (decision_id, time_ns, duration_ns, subject, mode, verdict, actor, refused_by, refusals, violations)
    (row,) = file.execute(_DECISION, values).fetchone()
    return int(row)


def gate(
    file: sqlite3.Connection, made: int, time_ns: int, mode: str, name: str, passed: bool, is_shadow: bool = False
) -> None:
    """Write a gate of a decision."""
    file.execute("insert or ignore into gate(kind, mode, name) values ('entry', ?, ?)", (mode, name))
    (gate_id,) = file.execute("select id from gate where mode = ? and name = ?", (mode, name)).fetchone()
    (position,) = file.execute("select count(*) + 1 from gate_value where made = ?", (made,)).fetchone()
    observed, margin, share = (4, 1, 0.2) if passed else (6, -1, -0.2)
    file.execute(_GATE, (made, position, gate_id, time_ns, passed, is_shadow, observed, margin, share))


def outcome(
    file: sqlite3.Connection,
    decision_id: str,
    time_ns: int,
    metrics: dict[str, object],
    method: str = "",
    judgement: str = "",
) -> None:
    """Write an outcome, or with a method a counterfactual."""
    values = (random.randbytes(16), decision_id, time_ns, method, judgement, json.dumps(metrics))
    file.execute(_OUTCOME, values)
