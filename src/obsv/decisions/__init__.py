"""Decisions: what was decided, by which gates, and how it turned out."""

from obsv.decisions.decision import Decision, decide
from obsv.decisions.results import counterfactual, outcome

__all__ = ["Decision", "counterfactual", "decide", "outcome"]
