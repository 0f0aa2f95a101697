"""Figures of single gates, as metrics of one report."""

from __future__ import annotations

from typing import NamedTuple

from obsv.measures import Definition, FormulaError, compile_formula
from obsv.reports.facts import Asked, Facts
from obsv.store.ground import Scope

MOST_GATES = 30
_FORMULAS = {
    "rate": ("Pass rate", "share", "share(gate_result.passed, where=gate == {0} and state == 'evaluated')"),
    "evaluated": ("Evaluations", "count", "count(gate_result, where=gate == {0} and state == 'evaluated')"),
    "refused": ("Refusals", "count", "count(decision, where=refused_by == {0})"),
    "good": (
        "Refusals that were right",
        "count",
        "count(counterfactual, where=refused_by == {0} and judgement == 'good')",
    ),
    "bad": (
        "Refusals that were wrong",
        "count",
        "count(counterfactual, where=refused_by == {0} and judgement == 'bad')",
    ),
    "judged": ("Refusals that are judged", "count", "count(counterfactual.judgement, where=refused_by == {0})"),
}


class GateKeys(NamedTuple):
    """The keys of a gate's facts; `name` is the reference to its name, `mode` its mode."""

    mode: str
    name: str
    rate: str
    rate_before: str
    evaluated: str
    evaluated_before: str
    refused: str
    good: str
    bad: str
    judged: str


def gate_facts(facts: Facts, gates: tuple[tuple[str, str], ...]) -> list[GateKeys]:
    """Measure gates in this period and in the one before; return the keys of each."""
    asked, found = [], []
    for number, (mode, name) in enumerate(gates[:MOST_GATES]):
        base = f"gate{number}"
        for figure, (title, unit, formula) in _FORMULAS.items():
            text = formula.format(repr(name))
            try:
                tree = compile_formula(text)
            except FormulaError:  # a name of hundreds of characters that must be escaped
                break
            shown = f"{title} of {name}"
            facts.define(
                Definition(f"{base}.{figure}", shown, "gates", text, tree, unit, "", None, None, 0, {}, "daily")
            )
            asked.append(Asked(f"{base}.{figure}", f"{base}.{figure}", Scope(mode=mode)))
            if figure in ("rate", "evaluated"):
                asked.append(Asked(f"{base}.{figure}.before", f"{base}.{figure}", Scope(mode=mode), is_before=True))
        if f"{base}.judged" not in facts.known:
            continue
        reference = facts.name(f"{base}.name", "Gate", f"{name} ({mode})" if mode else name)
        keys = [f"{base}.{each}" for each in GateKeys._fields[2:]]
        found.append(GateKeys(mode, reference, *(each.replace("_before", ".before") for each in keys)))
    facts.ask(asked)
    return found
