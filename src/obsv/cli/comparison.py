"""`obsv registry compare`: two artifacts by their decisions."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from obsv.cli.output import print_json, say, table
from obsv.measures import Measured, file_beside, load, shown
from obsv.nouns import counted
from obsv.quantities import seconds
from obsv.reports import compare_artifacts
from obsv.since import since as since_of
from obsv.store.ground import Window
from obsv.store.seam import open_store
from obsv.times import ts


def show_comparison(db: Path, before: str, after: str, since: str, within: str, as_json: bool) -> None:
    """Print metrics of both, and decisions that differ."""
    now_ns = time.time_ns()
    window, within_s = Window(since_of(since, now_ns), now_ns), float(seconds("--within", within))
    store = open_store(db)
    try:
        found = compare_artifacts(store, load(file_beside(db)), before, after, window, within_s)
    finally:
        store.close()
    if as_json:
        print_json({
            "before": found.before,
            "after": found.after,
            "differences": [each._asdict() for each in found.differences],
            "metrics": [_document(*each) for each in found.metrics],
            "pairs": found.paired.pairs,
            "different": found.paired.different,
            "disagreements": [each._asdict() for each in found.paired.disagreements],
        })  # fmt: skip
        return
    if found.metrics:
        rows = [(old.definition.title, _cell(old), _cell(new)) for old, new in found.metrics]
        table(("Metric", "Before", "After"), rows, right=["Before", "After"])
    else:
        say("Neither has decided anything then; --since takes more.")
    pairs = found.paired
    say(f"{counted(pairs.pairs, 'pair')} of decisions about the same; {pairs.different:,} differ.")
    if pairs.disagreements:
        different = [
            (ts(each.time_ns)[:19], each.kind, each.subject, each.mode, each.before_verdict, each.after_verdict,
             shown(each.before_pnl, "money"), shown(each.after_pnl, "money"))
            for each in pairs.disagreements[:20]
        ]  # fmt: skip
        table(("Time", "Kind", "Subject", "Mode", "Before", "After", "P&L before", "P&L after"), different)


def _cell(measured: Measured) -> str:
    return shown(measured.value, measured.definition.unit)


def _document(before: Measured, after: Measured) -> dict[str, Any]:
    definition = before.definition
    return {"name": definition.name, "unit": definition.unit, "before": before.value, "after": after.value}
