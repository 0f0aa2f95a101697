"""A trace as a tree, in the order it is drawn: whatever was recorded becomes one, and nothing in it recurses.

Parents may be missing, chains of parents may run in a circle, several spans may be roots, clocks of services differ,
and a chain of calls may be 50,000 deep.
"""

from __future__ import annotations

from enum import IntFlag
from typing import NamedTuple

from obsv.analysis.intervals import covered
from obsv.store.trace import TraceSpans

ERROR_STATUS = 2
EMPTY = len("[]")


class Flag(IntFlag):
    """What is said of a span, as bits of a number."""

    ERROR = 1
    CRITICAL = 2
    ORPHAN = 4
    CIRCLE = 8
    MOVED = 16
    EVENTS = 32
    LINKS = 64
    EXCEPTION = 128


class Tree(NamedTuple):
    """The spans of a trace in the order of drawing (parents first, siblings by start), a list a column.

    Attributes:
        at: position of the row in the `TraceSpans` it came from.
        parent: row of the caller; -1 for a root.
        depth: 0 for a root.
        end: the row after the last one below this one.
        start: ns since the trace's start, on the caller's clock.
        duration: ns.
        self_ns: ns of `duration` in which no call below it ran.
        flags: `Flag` bits.
        start_ns: Unix time of the trace's start.
        length: ns from the first start to the last end.
        moved: by how many ns the clock of a service was set right, by service.
    """

    at: list[int]
    parent: list[int]
    depth: list[int]
    end: list[int]
    start: list[int]
    duration: list[int]
    self_ns: list[int]
    flags: list[int]
    start_ns: int
    length: int
    moved: dict[str, int]

    def __len__(self) -> int:
        return len(self.at)


def build(spans: TraceSpans) -> Tree:
    """The tree of a trace; at least one span."""
    parents, flags = _parents(spans)
    starts, moved = _set_clocks(spans, parents, flags)
    at, parent, depth = _preorder(parents, starts)
    begin = min(starts)
    start = [starts[each] - begin for each in at]
    duration = [spans.duration_ns[each] for each in at]
    return Tree(
        at,
        parent,
        depth,
        _ends(parent),
        start,
        duration,
        _self_times(parent, start, duration),
        [flags[each] for each in at],
        begin,
        max(map(sum, zip(start, duration, strict=True))),
        moved,
    )


def _parents(spans: TraceSpans) -> tuple[list[int], list[int]]:
    """Position of each span's parent, -1 for a root, and the flags."""
    position = {span: at for at, span in enumerate(spans.span_id)}
    parents = [-1 if span is None else position.get(span, -1) for span in spans.parent_span_id]
    flags = [
        (Flag.ERROR if status == ERROR_STATUS else 0)
        | (Flag.EXCEPTION if exception else 0)
        | (Flag.EVENTS if events is not None and len(events) > EMPTY else 0)
        | (Flag.LINKS if links else 0)
        | (Flag.ORPHAN if span is not None and parent < 0 else 0)
        for status, exception, events, links, span, parent in zip(
            spans.status, spans.has_exception, spans.events, spans.links, spans.parent_span_id, parents, strict=True
        )
    ]
    _cut_circles(parents, flags, spans.start_ns)
    return parents, list(map(int, flags))


def _cut_circles(parents: list[int], flags: list[int], starts: list[int]) -> None:
    """Makes the earliest span of each circle a root."""
    unseen, done = 0, -1
    seen = [unseen] * len(parents)
    for first in range(len(parents)):
        at, walk = first, first + 1
        while at >= 0 and seen[at] == unseen:
            seen[at] = walk
            at = parents[at]
        if at >= 0 and seen[at] == walk:
            _cut(at, parents, flags, starts)
        at = first
        while at >= 0 and seen[at] == walk:
            seen[at] = done
            at = parents[at]


def _cut(on_circle: int, parents: list[int], flags: list[int], starts: list[int]) -> None:
    circle, at = [on_circle], parents[on_circle]
    while at != on_circle:
        circle.append(at)
        at = parents[at]
    root = min(circle, key=lambda each: (starts[each], each))
    parents[root] = -1
    flags[root] |= Flag.CIRCLE


def _children(parents: list[int], order: list[int]) -> list[list[int]]:
    """Children of each span in the given order; roots are in the last list."""
    children: list[list[int]] = [[] for _ in range(len(parents) + 1)]
    for at in order:
        children[parents[at]].append(at)
    return children


def _set_clocks(spans: TraceSpans, parents: list[int], flags: list[int]) -> tuple[list[int], dict[str, int]]:
    """Start times with other services' clocks set right.

    A call cannot begin before its caller. Where it seems to and another service ran it, that service's clock differs:
    it is put into the middle of its caller, and what it called itself moves with it. Within a service nothing is moved.
    """
    service = {number: process.service for number, process in spans.processes.items()}
    services = [service[number] for number in spans.process_id]
    shift = [0] * len(parents)
    moved: dict[str, int] = {}
    if len(set(service.values())) > 1:
        for at in _downwards(parents):
            above = parents[at]
            if above < 0:
                continue
            if services[at] == services[above]:
                shift[at] = shift[above]
                continue
            early = spans.start_ns[above] + shift[above] - spans.start_ns[at]
            if early > 0:
                shift[at] = early + max(0, spans.duration_ns[above] - spans.duration_ns[at]) // 2
                moved.setdefault(services[at], shift[at])
        for at, by in enumerate(shift):
            if by:
                flags[at] |= Flag.MOVED
    return [start + by for start, by in zip(spans.start_ns, shift, strict=True)], moved


def _downwards(parents: list[int]) -> list[int]:
    """All spans, parents before children."""
    children = _children(parents, list(range(len(parents))))
    order = children[-1]
    for at in order:
        order.extend(children[at])
    return order


def _preorder(parents: list[int], starts: list[int]) -> tuple[list[int], list[int], list[int]]:
    by_start = sorted(range(len(parents)), key=starts.__getitem__, reverse=True)
    children = _children(parents, by_start)
    at: list[int] = []
    parent: list[int] = []
    depth: list[int] = []
    stack = [(root, -1, 0) for root in children[-1]]
    while stack:
        each, above, level = stack.pop()
        row = len(at)
        at.append(each)
        parent.append(above)
        depth.append(level)
        if children[each]:
            stack.extend([(child, row, level + 1) for child in children[each]])
    return at, parent, depth


def _ends(parent: list[int]) -> list[int]:
    end = list(range(1, len(parent) + 1))
    for row in range(len(parent) - 1, -1, -1):
        above = parent[row]
        if above >= 0 and end[above] < end[row]:
            end[above] = end[row]
    return end


def _self_times(parent: list[int], start: list[int], duration: list[int]) -> list[int]:
    below: dict[int, list[int]] = {}
    for row, above in enumerate(parent):
        if above >= 0:
            below.setdefault(above, []).append(row)
    result = list(duration)
    for row, rows in below.items():
        first, last = start[row], start[row] + duration[row]
        # Rows of one parent are in order of start.
        result[row] -= covered([(start[each], start[each] + duration[each]) for each in rows], first, last)
    return result
