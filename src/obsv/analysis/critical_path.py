"""Which calls a trace waited for: shorten one of them and the whole gets shorter."""

from __future__ import annotations

from typing import NamedTuple

from obsv.analysis.tree import Tree


class Segment(NamedTuple):
    """A stretch of the critical path: the span of this row ran, none of those below it. ns since the trace's start."""

    row: int
    start: int
    end: int


def critical_path(tree: Tree) -> list[Segment]:
    """The critical path of the longest root, latest segment first.

    From the end of a span backwards: what ran last is the child that ended last; before it began, the one that ended
    last before that, and so on; where no child ran the span itself did. A child that outlives its caller was not waited
    for, but for the time up to the caller's end. Of calls beside each other only the last to end counts.
    """
    roots = [row for row, parent in enumerate(tree.parent) if parent < 0]
    root = max(roots, key=lambda row: (tree.duration[row], -row))
    children = _children(tree)
    segments: list[Segment] = []
    last = tree.start[root] + tree.duration[root]
    # (row, children not looked at yet, where it ended or was no longer waited for, down to where it has been explained)
    stack = [(root, children.pop(root, []), last, last)]
    while stack:
        row, waiting, limit, cursor = stack.pop()
        child = _last_to_end(tree, waiting, limit, cursor)
        if child is None:
            _add(segments, row, tree.start[row], cursor)
            continue
        end = min(limit, tree.start[child] + tree.duration[child])
        _add(segments, row, end, cursor)
        # Below the child's start this span goes on; the child is walked first.
        stack.append((row, waiting, limit, max(tree.start[child], tree.start[row])))
        stack.append((child, children.pop(child, []), end, end))
    return segments


def _children(tree: Tree) -> dict[int, list[int]]:
    """Rows below each row, by their end, so that the last to end is the last in the list."""
    children: dict[int, list[int]] = {}
    for row, parent in enumerate(tree.parent):
        if parent >= 0:
            children.setdefault(parent, []).append(row)
    for rows in children.values():
        rows.sort(key=lambda row: tree.start[row] + tree.duration[row])
    return children


def _last_to_end(tree: Tree, waiting: list[int], limit: int, cursor: int) -> int | None:
    while waiting:
        child = waiting.pop()
        end = min(limit, tree.start[child] + tree.duration[child])
        if tree.start[child] < end <= cursor:
            return child
    return None


def _add(segments: list[Segment], row: int, start: int, end: int) -> None:
    if end > start:
        segments.append(Segment(row, start, end))
