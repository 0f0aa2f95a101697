"""The answers of an SQLite file about decisions and their gates."""

from __future__ import annotations

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
from obsv.store.figures.decisions import read_decision, read_decisions, read_kinds
from obsv.store.figures.gates import read_gate, read_gates, read_what_if
from obsv.store.ground import Window
from obsv.store.seam.answers.source import Source


class DecisionAnswers(Source):
    """The answers of an SQLite file about decisions and their gates."""

    def read_kinds(self, window: Window) -> list[KindLine]:
        return read_kinds(self._source, window)

    def read_decisions(
        self, filters: DecisionFilters, window: Window, cursor: str | None = None, limit: int = 100
    ) -> Decisions:
        return read_decisions(self._source, filters, window, cursor, limit)

    def read_decision(self, decision_id: str) -> DecisionFull:
        return read_decision(self._source, decision_id)

    def read_gates(self, filters: GateFilters, window: Window) -> list[GateFigures]:
        return read_gates(self._source, filters, window)

    def read_gate(self, gate: str, filters: GateFilters, window: Window) -> GateInspected:
        return read_gate(self._source, gate, filters, window)

    def read_what_if(self, gate: str, threshold: float, filters: GateFilters, window: Window) -> WhatIf:
        return read_what_if(self._source, gate, threshold, filters, window)
