"""The rules of gates: which comparison each makes in which mode, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from obsv.gating import holds


class Rule(NamedTuple):
    """The rule of a gate in a mode.

    Attributes:
        op, threshold: the comparison that has to hold.
        passed_text, refused_text: templates of explanations; empty: the usual one.
        target: least and greatest share that should pass; None: no target.
    """

    op: str
    threshold: Any
    passed_text: str = ""
    refused_text: str = ""
    target: tuple[float, float] | None = None


class Judging(NamedTuple):
    """An expression over the metrics of a counterfactual: `pnl < 0`."""

    metric: str
    op: str
    threshold: float

    def holds(self, metrics: Mapping[str, Any]) -> bool:
        """Return whether it holds; not without the metric."""
        return holds(metrics.get(self.metric), self.op, self.threshold)


@dataclass(frozen=True)
class Policy:
    """The rules of all gates, as `obsv.load_gates` reads them.

    Attributes:
        id: SHA-256 of the file's bytes, which is also the ID of its artifact in the registry.
        version: as the file has it.
        order: names of the gates, in the order of evaluation.
        rules: by gate and mode; the mode is empty for a rule of all others.
        short_circuit: whether evaluation may stop at the first refusal.
        log_all: whether the gates after a refusal are evaluated and kept all the same.
        good, bad: when a refusal was good, and when bad; None: the usual.
        changes: the changes that the file tells of.
        notes: keys of the file that nothing reads.
    """

    id: str
    version: str
    order: tuple[str, ...]
    rules: Mapping[tuple[str, str], Rule]
    short_circuit: bool = False
    log_all: bool = True
    good: Judging | None = None
    bad: Judging | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def rule(self, gate: str, mode: str) -> Rule:
        """Return the rule of a gate in a mode.

        Raises:
            KeyError: it has none.
        """
        found = self.rules.get((gate, mode))
        return self.rules[gate, ""] if found is None else found

    def gates(self, mode: str) -> tuple[str, ...]:
        """Return the gates that have a rule in a mode, in their order."""
        return tuple(gate for gate in self.order if (gate, mode) in self.rules or (gate, "") in self.rules)

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes that rules are for."""
        return tuple(sorted({mode for _, mode in self.rules if mode}))

    def judge(self, metrics: Mapping[str, Any]) -> str:
        """Return whether a refusal was good, bad or neutral; empty where the file does not say."""
        if self.good is None or self.bad is None:
            return ""
        return "good" if self.good.holds(metrics) else "bad" if self.bad.holds(metrics) else "neutral"
