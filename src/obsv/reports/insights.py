"""Insights of a report, found by rules; each is a text that refers to facts."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import NamedTuple

from obsv.reports.facts import Facts
from obsv.reports.gates import GateKeys

# Of a difference of two shares: one in 370 by chance, and so large that it matters.
_Z, _LEAST_DIFFERENCE = 3.0, 0.1
_LEAST_EVALUATED, _LEAST_JUDGED = 30, 10
_WORSE = {"": 0, "few": 0, "good": 0, "warn": 1, "critical": 2}


class Insight(NamedTuple):
    """Something that deserves a look.

    Attributes:
        kind: the rule.
        is_bad: whether something became worse, or is wrong.
        text: with references.
    """

    kind: str
    is_bad: bool
    text: str


def insights(facts: Facts, gates: list[GateKeys], metrics: list[tuple[str, str]]) -> list[Insight]:
    """Return what the rules find, what is wrong first.

    Args:
        facts: of the report.
        gates: keys of each gate's facts.
        metrics: keys of a metric in this period and in the one before.
    """
    found = [*_rules_of_time(facts), *_errors(facts), *_silence(facts)]
    for now, before in metrics:
        found += [*_regression(facts, now, before), *_target(facts, now)]
    for gate in gates:
        found += [*_wrong_blocks(facts, gate), *_drift(facts, gate)]
    return sorted(found, key=lambda each: not each.is_bad)


def _rules_of_time(facts: Facts) -> Iterator[Insight]:
    for key in ("late_data", "late_outcomes"):
        if facts.value(key):
            what = "decisions" if key == "late_data" else "outcomes"
            text = (
                f"{{{{{key}}}}} {what} against a rule of time: a value of the future was used. Such are left out above."
            )
            yield Insight("leak", True, text)


def _errors(facts: Facts) -> Iterator[Insight]:
    if facts.value("decision_errors"):
        yield Insight("errors", True, "An exception ended {{decision_errors}} decisions; `obsv errors` explains it.")


def _silence(facts: Facts) -> Iterator[Insight]:
    if not facts.value("decisions") and facts.value("decisions.before"):
        yield Insight(
            "silence", True, "Nothing was decided; in the period before there were {{decisions.before}} decisions."
        )


def _regression(facts: Facts, now: str, before: str) -> Iterator[Insight]:
    new, old = facts.measured(now), facts.measured(before)
    if _WORSE[new.state] > _WORSE[old.state] and old.value is not None:
        title = facts.name(f"title.{now}", "Metric", facts.by_key[now].title)
        yield Insight("regression", True, f"{title} became worse: {{{{{now}}}}}, before {{{{{before}}}}}.")


def _target(facts: Facts, now: str) -> Iterator[Insight]:
    measured = facts.measured(now)
    if measured.target is None or measured.value is None or measured.state not in ("warn", "critical"):
        return
    sign = 1 if measured.definition.better == "lower" else -1
    if sign * (measured.value - measured.target) > 0:
        title = facts.name(f"title.{now}", "Metric", facts.by_key[now].title)
        yield Insight("target", True, f"{title} misses its target: {{{{{now}}}}}, target {{{{target.{now}}}}}.")


def _wrong_blocks(facts: Facts, gate: GateKeys) -> Iterator[Insight]:
    good, bad = facts.value(gate.good) or 0, facts.value(gate.bad) or 0
    if good + bad >= _LEAST_JUDGED and bad > good:
        text = (
            f"The gate {gate.name} refused {{{{{gate.bad}}}}} decisions that would have gone well, and "
            f"{{{{{gate.good}}}}} that would not. This is known of {{{{{gate.judged}}}}} of its "
            f"{{{{{gate.refused}}}}} refusals."
        )
        yield Insight("wrong blocks", True, text)


def _drift(facts: Facts, gate: GateKeys) -> Iterator[Insight]:
    now, before = facts.value(gate.rate), facts.value(gate.rate_before)
    count, earlier = facts.value(gate.evaluated) or 0, facts.value(gate.evaluated_before) or 0
    if now is None or before is None or min(count, earlier) < _LEAST_EVALUATED:
        return
    share = (now * count + before * earlier) / (count + earlier)
    spread = sqrt(share * (1 - share) * (1 / count + 1 / earlier))
    if spread and abs(now - before) / spread > _Z and abs(now - before) >= _LEAST_DIFFERENCE:
        text = f"The gate {gate.name} passes {{{{{gate.rate}}}}}, before {{{{{gate.rate_before}}}}}."
        yield Insight("drift", False, text)
