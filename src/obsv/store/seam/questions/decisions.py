"""The questions about decisions and their gates."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import (
    DecisionFilters,
    DecisionFull,
    Decisions,
    GateFigures,
    GateFilters,
    GateInspected,
    KindLine,
    WhatIf,
)
from obsv.store.ground import Window


class DecisionQuestions(Protocol):
    """The questions about decisions and their gates."""

    def read_kinds(self, window: Window) -> list[KindLine]:
        """Counts of decisions by kind and mode."""
        ...

    def read_decisions(
        self, filters: DecisionFilters, window: Window, cursor: str | None = None, limit: int = 100
    ) -> Decisions:
        """A page of decisions, newest first."""
        ...

    def read_decision(self, decision_id: str) -> DecisionFull:
        """One decision with its inputs, gates and results."""
        ...

    def read_gates(self, filters: GateFilters, window: Window) -> list[GateFigures]:
        """The figures of all gates."""
        ...

    def read_gate(self, gate: str, filters: GateFilters, window: Window) -> GateInspected:
        """One gate, with the histogram of its margins."""
        ...

    def read_what_if(self, gate: str, threshold: float, filters: GateFilters, window: Window) -> WhatIf:
        """Results of another threshold of a gate."""
        ...
