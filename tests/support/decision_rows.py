"""Log records that carry decisions and outcomes."""

from __future__ import annotations

import json
from typing import Any

from store_rows import SHOP, START_NS

from obsv.store.ground import COUNTERFACTUAL, DECISION, OUTCOME, LogRow

SECOND_NS = 1_000_000_000


def gate(name: str = "spread", observed: Any = 3.0, op: str = "<=", threshold: Any = 5.0, **more: Any) -> list[Any]:
    passed = more.get("passed", isinstance(observed, (int, float)) and observed <= threshold)
    return [name, "", observed, op, threshold, passed, more.get("shadow", False), 400, more.get("template", "")]


def decision(number: int = 1, *gates: list[Any], **told: Any) -> LogRow:
    """A decision that began a second per number after the start; it passes unless a gate refused."""
    told.setdefault("verdict", "pass" if all(each[5] for each in gates) else "block")
    about = {"id": f"{number:032x}", "kind": "entry", "subject": "ETH-USD", "mode": "scalp", "gates": gates, **told}
    row = LogRow(SHOP, START_NS + number * SECOND_NS, 9, "INFO", DECISION, "null", json.dumps(about))
    return row._replace(trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"))


def outcome(number: int = 1, after_s: float = 60, cutoff_s: float | None = None, **metrics: Any) -> LogRow:
    """The outcome of that decision, observed so long after it; `cutoff_s` likewise."""
    at_ns = START_NS + number * SECOND_NS
    cutoff = None if cutoff_s is None else at_ns + int(cutoff_s * 1e9)
    about = {"id": f"{number:032x}", "label_cutoff": cutoff, "metrics": metrics}
    return LogRow(SHOP, at_ns + int(after_s * 1e9), 9, "INFO", OUTCOME, "null", json.dumps(about))


def counterfactual(number: int = 1, judgement: str = "good", method: str = "shadow", **metrics: Any) -> LogRow:
    """A result of the way that was not taken."""
    row = outcome(number, **metrics)
    about = {**json.loads(row.attributes), "method": method, "judgement": judgement, "alternative": "enter"}
    return row._replace(event_name=COUNTERFACTUAL, attributes=json.dumps(about))
