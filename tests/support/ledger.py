"""A small journal with something of everything that reports tell of."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from journals import START_NS, decide, gate, outcome, random_journal, write_journals

from obsv.store.writing import Registration, register_artifact

_SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * _SECOND_NS
END_NS = START_NS + DAY_NS // 2
# A gate's name is a recorded text: it stays one, whatever it contains.
GATE = "spread <b>9</b> {{trades}}"


def write_ledger(path: Path) -> None:
    """Write trades of two modes, and refusals of a gate that passed everything the day before, two thirds wrong."""
    write_journals(path, [random_journal("scalp", 1, 60), random_journal("swing 7", 2, 30)])
    with sqlite3.connect(path) as file:
        for number in range(60):
            at_ns = END_NS - 1_000 * _SECOND_NS + number
            made = decide(file, f"refused-{number}", at_ns, "scalp", "block", refused_by=GATE)
            gate(file, made, at_ns, "scalp", GATE, False)
            judgement = "bad" if number % 3 else "good"
            outcome(file, f"refused-{number}", at_ns + 1, {"pnl": 3.0}, "shadow", judgement)
            made = decide(file, f"before-{number}", at_ns - DAY_NS, "scalp")
            gate(file, made, at_ns - DAY_NS, "scalp", GATE, True)
        decide(file, "leak", END_NS - 1, "scalp", violations='["input x: as_of is after decision_time"]')
    file.close()
    registration = Registration(
        "a" * 64,
        END_NS - _SECOND_NS,
        "model",
        "model 2",
        7,
        "",
        "bytes",
        "{}",
        None,
        "ann",
        "host",
        "desk",
        "weekly",
        "",
        None,
    )
    register_artifact(path, registration)
