"""Decisions and outcomes on their way into the file: read from the log records that carry them."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from obsv.gating import Margin, late_inputs, margin_of
from obsv.store.ground.rows import LogRow

DECISION, OUTCOME, COUNTERFACTUAL = "obsv.decision", "obsv.outcome", "obsv.counterfactual"
"""Names of the events that carry them."""
CARRIERS = frozenset((DECISION, OUTCOME, COUNTERFACTUAL))
MOST_GATES = MOST_INPUTS = 200
_NAME_CHARS, _TEXT_CHARS = 200, 4_000
# A field of a template, with the form of a number.
_FIELD = re.compile(r"\{(\w{1,40})(?::(\+?,?(?:\.\d)?[fge%]))?\}")
_MOST = (1 << 63) - 1


class GateRow(NamedTuple):
    """One gate of a decision; the columns of `gate_value`, with its name."""

    name: str
    passed: bool
    is_shadow: bool
    observed: Any
    op: str
    threshold: Any
    margin: float | None
    margin_share: float | None
    latency_ns: int | None
    version: str
    text: str


class DecisionRow(NamedTuple):
    """A decision; the columns of `decision_made`, with its gates."""

    decision_id: str
    time_ns: int
    duration_ns: int
    kind: str
    subject: str
    mode: str
    verdict: str
    action: str
    actor: str
    policy: str
    is_shadow: bool
    refused_by: str
    refusals: int
    trace_id: bytes
    span_id: bytes
    service: str
    inputs: str
    attributes: str
    violations: str
    exception: str | None
    gates: tuple[GateRow, ...]


class OutcomeRow(NamedTuple):
    """An outcome, or a counterfactual, which has a method; the columns of `outcome_seen`."""

    decision_id: str
    time_ns: int
    cutoff_ns: int | None
    method: str
    alternative: str
    judgement: str
    metrics: str
    service: str
    violations: str


def read_decision(row: LogRow) -> DecisionRow | None:
    """Return the decision that a log record carries; None if it cannot be read as one: then it stays a log record."""
    try:
        told = json.loads(row.attributes)
        time_ns = _ns(row.time_ns)
        inputs = [_input(each) for each in told.get("inputs", ())][:MOST_INPUTS]
        gates = tuple(_gate(each) for each in told.get("gates", ()))[:MOST_GATES]
        late = late_inputs(time_ns, ((name, about.get("as_of")) for name, about in inputs))
        return DecisionRow(
            _required(told["id"]),
            time_ns,
            _ns(told.get("duration_ns", 0)),
            _required(told["kind"]),
            _short(told.get("subject", "")),
            _short(told.get("mode", "")),
            _required(told.get("verdict", "pass")),
            _short(told.get("action", "")),
            _short(told.get("actor", "")),
            _short(told.get("policy", "")),
            bool(told.get("shadow", False)),
            _short(told.get("refused_by", "")) or next((gate.name for gate in gates if not gate.passed), ""),
            sum(not gate.passed for gate in gates),
            row.trace_id,
            row.span_id,
            row.source.service,
            json.dumps(dict(inputs), separators=(",", ":")),
            json.dumps(_object(told.get("fields", {})), separators=(",", ":")),
            _texts([*late, *(each for each in _list(told.get("violations", [])) if each not in late)]),
            _short(told["exception"], _TEXT_CHARS) if told.get("exception") else None,
            gates,
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def read_outcome(row: LogRow) -> OutcomeRow | None:
    """Return the outcome or counterfactual that a log record carries; None if it cannot be read as one."""
    try:
        told = json.loads(row.attributes)
        cutoff = told.get("label_cutoff")
        method = _required(told["method"]) if row.event_name == COUNTERFACTUAL else ""
        return OutcomeRow(
            _required(told["id"]),
            _ns(row.time_ns),
            None if cutoff is None else _ns(cutoff),
            method,
            _short(told.get("alternative", "")),
            _short(told.get("judgement", "")),
            json.dumps(_object(told.get("metrics", {})), separators=(",", ":")),
            row.source.service,
            _texts(_list(told.get("violations", []))),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _gate(told: Any) -> GateRow:
    name, version, observed, op, threshold, passed, is_shadow, latency, template = told
    shown = _cell(observed), _cell(threshold)
    margin = margin_of(observed, op, threshold)
    text = _explained(template, name, shown, op, passed, margin) if template else ""
    return GateRow(
        _required(name),
        bool(passed),
        bool(is_shadow),
        shown[0],
        _short(op),
        shown[1],
        *margin,
        None if latency is None else _ns(latency),
        _short(version),
        text,
    )


def _explained(template: Any, name: Any, shown: tuple[Any, Any], op: Any, passed: Any, margin: Margin) -> str:
    """Fill in a template; replaced, not formatted: its fields reach nothing but these texts."""
    text = _short(template, _TEXT_CHARS)
    told = {
        "gate": name,
        "observed": shown[0],
        "value": shown[0],
        "margin": "" if margin[0] is None else margin[0],
        "margin_share": "" if margin[1] is None else margin[1],
        "op": op,
        "threshold": shown[1],
        "verdict": "pass" if passed else "block",
    }
    return _short(_FIELD.sub(lambda found: _filled(told, found), text), _TEXT_CHARS)


def _filled(told: dict[str, Any], found: re.Match[str]) -> str:
    value, form = told.get(found[1], found[0]), found[2]
    if not isinstance(value, (int, float)):
        return str(value)
    try:
        return format(value, form or ".6g")
    except (ValueError, OverflowError):
        return str(value)


def _input(told: Any) -> tuple[str, dict[str, Any]]:
    name, value, as_of = told
    about = {"value": value} if as_of is None else {"value": value, "as_of": _ns(as_of)}
    return _required(name), about


def _cell(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, (int, float)) and abs(value) < _MOST:
        return value
    # SQLite has no such integers, and no NaN, which is stored as OTLP JSON's double.
    if isinstance(value, dict) and "doubleValue" in value:
        return _short(value["doubleValue"])
    return _short(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")), _TEXT_CHARS)


def _ns(value: Any) -> int:
    return min(max(int(value), 0), _MOST)


def _short(value: Any, chars: int = _NAME_CHARS) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def _required(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a name is missing")
    return _short(value)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _texts(values: list[Any]) -> str:
    return json.dumps([_short(each, _TEXT_CHARS) for each in values[:MOST_INPUTS]], separators=(",", ":"))
