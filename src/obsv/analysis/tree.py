"""A trace as a tree in drawing order. Any input gives a tree, and nothing recurses.

Parents may be missing, chains of parents may form a cycle, several spans may be roots, clocks of services may differ,
and a chain of calls may be 50,000 deep.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from obsv.store.spans import TraceSpans

ERROR_STATUS = 2
EMPTY = len("[]")


class Flag:
    """Properties of a span as bits of an int; with an enum, each test would cost a microsecond."""

    ERROR = 1
    CRITICAL = 2
    ORPHAN = 4
    CIRCLE = 8
    MOVED = 16
    EVENTS = 32
    LINKS = 64
    EXCEPTION = 128


class Tree(NamedTuple):
    """The spans of a trace in drawing order (parents first, siblings by start), as one list per column.

    Attributes:
        at: position of the row in the `TraceSpans` it came from.
        parent: row of the caller; -1 for a root.
        depth: 0 for a root.
        end: the row after the last descendant.
        start: ns since the trace's start, on the caller's clock.
        duration: ns.
        self_ns: ns of `duration` in which no child ran.
        flags: `Flag` bits.
        start_ns: Unix time of the trace's start.
        length: ns from the first start to the last end.
        moved: correction of each service's clock in ns.
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
    """Build the tree of a trace of at least one span."""
    parents, flags = _parents(spans)
    starts, moved = spans.start_ns, dict[str, int]()
    at = _preorder(parents, starts)
    if len(at) < len(parents):
        # The spans of a cycle are not below any root.
        _cut_circles(parents, flags, starts)
        at = _preorder(parents, starts)
    if len({process.service for process in spans.processes.values()}) > 1:
        starts, moved = _set_clocks(spans, parents, flags, at)
        at = _preorder(parents, starts) if moved else at
    parent = _rows_above(at, parents)
    begin = min(starts)
    start = [starts[each] - begin for each in at]
    duration = [spans.duration_ns[each] for each in at]
    return Tree(
        at,
        parent,
        _depths(parent),
        _ends(parent),
        start,
        duration,
        _self_times(parent, start, duration),
        [flags[each] for each in at],
        begin,
        max(map(int.__add__, start, duration)),
        moved,
    )


def row_of(spans: TraceSpans, tree: Tree, span_id: str) -> int:
    """Return the row of a span by its ID in hex; -1 if the trace does not contain it."""
    wanted = bytes.fromhex(span_id)
    return next((row for row, at in enumerate(tree.at) if spans.span_id[at] == wanted), -1)


def _parents(spans: TraceSpans) -> tuple[list[int], list[int]]:
    """Return the position of each span's parent (-1 for a root), and the flags."""
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
    return parents, flags


def _cut_circles(parents: list[int], flags: list[int], starts: list[int]) -> None:
    """Make the earliest span of each cycle a root."""
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


def _set_clocks(
    spans: TraceSpans, parents: list[int], flags: list[int], downwards: list[int]
) -> tuple[list[int], dict[str, int]]:
    """Return start times with the clocks of other services corrected.

    A call cannot begin before its caller. If it appears to, and another service ran it, that service's clock differs:
    the call is centred in its caller, and its own calls move with it. Within a service, nothing is moved.
    """
    service = {number: process.service for number, process in spans.processes.items()}
    services = [service[number] for number in spans.process_id]
    shift = [0] * len(parents)
    moved: dict[str, int] = {}
    for at in downwards:
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


def _preorder(parents: list[int], starts: list[int]) -> list[int]:
    """Return all spans below a root, callers first, siblings by start."""
    below = defaultdict(list)
    for each in sorted(range(len(parents)), key=starts.__getitem__, reverse=True):
        below[parents[each]].append(each)
    order: list[int] = []
    stack = below.pop(-1, [])
    while stack:
        each = stack.pop()
        order.append(each)
        if each in below:
            stack += below[each]
    return order


def _rows_above(at: list[int], parents: list[int]) -> list[int]:
    row_of = [-1] * (len(at) + 1)  # the last entry is for parent -1
    for row, each in enumerate(at):
        row_of[each] = row
    return [row_of[parents[each]] for each in at]


def _depths(parent: list[int]) -> list[int]:
    depth: list[int] = []
    for above in parent:
        depth.append(depth[above] + 1 if above >= 0 else 0)
    return depth


def _ends(parent: list[int]) -> list[int]:
    end = list(range(1, len(parent) + 1))
    for row in range(len(parent) - 1, -1, -1):
        above = parent[row]
        if above >= 0 and end[above] < end[row]:
            end[above] = end[row]
    return end


def _self_times(parent: list[int], start: list[int], duration: list[int]) -> list[int]:
    own = list(duration)
    # Siblings arrive in order of start: the time up to which a caller's callees have covered it.
    reached = list(start)
    for row, above in enumerate(parent):
        if above >= 0:
            first = max(start[row], reached[above])
            last = min(start[row] + duration[row], start[above] + duration[above])
            if last > first:
                own[above] -= last - first
                reached[above] = last
    return own
