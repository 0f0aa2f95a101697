"""Decisions: what was decided, by which gates, and how it turned out."""

from obsv.decisions.decision import Decision, decide
from obsv.decisions.gates_file import load_gates
from obsv.decisions.policy import Policy, Rule
from obsv.decisions.results import counterfactual, outcome

__all__ = ["Decision", "Policy", "Rule", "counterfactual", "decide", "load_gates", "outcome"]
