"""A trace as compact columns for drawing: 3 MB for 50,000 spans."""

from __future__ import annotations

import json
from typing import Any

from obsv.analysis.critical_path import CriticalPath, critical_path
from obsv.analysis.tree import Flag, Tree, build
from obsv.store.spans import TraceSpans

# A stretch shorter than this share of the trace is thinner than a pixel.
VISIBLE = 1 / 4000


def trace_columns(spans: TraceSpans) -> dict[str, Any]:
    """Return the data that the trace page draws, as documented by `obsv.api.traces.TraceColumns`.

    Args:
        spans: spans of one trace, at least one.
    """
    tree = build(spans)
    path = critical_path(tree)
    for row in path.row:
        tree.flags[row] |= Flag.CRITICAL
    numbers = {process: at for at, process in enumerate(spans.processes)}
    return {
        "trace_id": spans.trace_id,
        "total": spans.total,
        # Unix time in ns exceeds the exact range of a JavaScript number.
        "start_ns": str(tree.start_ns),
        "length": tree.length,
        "moved": tree.moved,
        "processes": [process[1:] for process in spans.processes.values()],
        "span_id": [spans.span_id[at].hex() for at in tree.at],
        "process": [numbers[spans.process_id[at]] for at in tree.at],
        "parent": tree.parent,
        "depth": tree.depth,
        "end": tree.end,
        "start": tree.start,
        "duration": tree.duration,
        "self": tree.self_ns,
        "flags": tree.flags,
        "critical": _visible(path, tree.length),
        "events": _events(spans, tree),
    }


def _visible(path: CriticalPath, length: int) -> list[int]:
    """Return row, start and end of each visible stretch, flattened."""
    least = length * VISIBLE
    return [number for each in zip(*path, strict=True) if each[2] - each[1] >= least for number in each]


def _events(spans: TraceSpans, tree: Tree) -> dict[int, list[int]]:
    """Return the times of events by row, in ns since the trace's start."""
    found = {}
    for row, at in enumerate(tree.at):
        if tree.flags[row] & Flag.EVENTS:
            # An event may have been moved to its caller's clock, together with its span.
            zero = spans.start_ns[at] - tree.start[row]
            found[row] = [int(time) - zero for time in json.loads(spans.events[at] or "[]") if str(time).isdecimal()]
    return found
