"""Answers of two stores made comparable: keys of rows, which each store has of its own, become names."""

from __future__ import annotations

from typing import Any

from obsv.store.figures import Flow
from obsv.store.spans import TraceSpans, ValuedCalls

# Keys of rows; sizes of files; what a store knows of itself.
OWN = frozenset({"id", "last_id", "process_id", "bytes", "cursor", "uncaught", "requests", "depth", "used_ns"})
# Told by the calls that a store has seen: which of two at one instant was the last, which functions a version has.
SEEN = frozenset({"first_version", "last_version", "last_duration_ns"})


def alike(answer: Any) -> Any:
    """Return an answer without what is its store's own."""
    if isinstance(answer, TraceSpans):
        names = [answer.processes[each].name for each in answer.process_id]
        columns = [list(each) for each in answer[3:] if each is not answer.process_id]
        return answer.trace_id, answer.total, sorted(map(repr, zip(names, *columns, strict=True)))
    if isinstance(answer, ValuedCalls):
        return [(each._replace(process_id=0), answer.processes[each.process_id]) for each in answer.calls], answer.cut
    if isinstance(answer, Flow):
        names = {node.id: node.name for node in answer.nodes}
        nodes = [repr(each._replace(id=0, last_duration_ns=0)) for each in answer.nodes]
        edges = [(names[each.source], names[each.target], repr(each[2:-1])) for each in answer.edges]
        return sorted(nodes), sorted(edges)
    if hasattr(answer, "_asdict"):
        parts = answer._asdict().items()
        return type(answer).__name__, {key: alike(each) for key, each in parts if key not in OWN | SEEN}
    if isinstance(answer, dict):
        return {key: alike(each) for key, each in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [alike(each) for each in answer]
    return answer


def unordered(answer: Any) -> Any:
    """Return an answer whose lists are sorted: what is equal in the order that was asked for may come in any."""
    if isinstance(answer, dict):
        return {key: unordered(each) for key, each in answer.items()}
    if isinstance(answer, (list, tuple)):
        return sorted((unordered(each) for each in answer), key=repr)
    return answer
