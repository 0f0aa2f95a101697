"""The critical path of a trace: the calls it waited for. Shortening one of them shortens the trace."""

from __future__ import annotations

from typing import NamedTuple

from obsv.analysis.tree import Tree


class CriticalPath(NamedTuple):
    """Stretches in which a row's span ran and none of its children did, latest first, as one list per column.

    Attributes:
        row: row of the tree.
        start: ns since the trace's start.
        end: likewise.
    """

    row: list[int]
    start: list[int]
    end: list[int]

    def add(self, row: int, start: int, end: int) -> None:
        """Add a stretch, unless it is empty."""
        if start < end:
            self.row.append(row)
            self.start.append(start)
            self.end.append(end)


def critical_path(tree: Tree) -> CriticalPath:
    """Return the critical path of the longest root.

    It is found backwards from the end of a span: the child that ended last ran last; before it began, the child that
    ended last before that, and so on; where no child ran, the span itself did. A child that outlives its caller counts
    only up to the caller's end. Of concurrent calls, only the last one to end counts.
    """
    roots = [row for row, parent in enumerate(tree.parent) if parent < 0]
    root = max(roots, key=lambda row: (tree.duration[row], -row))
    starts, ends = tree.start, list(map(int.__add__, tree.start, tree.duration))
    children = _children(tree)
    path = CriticalPath([], [], [])
    # (row, where it ended or was no longer waited for, lower bound of the explained part)
    stack = [(root, ends[root], ends[root])]
    waiting = {root: _by_end(children, root, ends)}
    while stack:
        row, limit, cursor = stack.pop()
        start, left = starts[row], waiting[row]
        while left:
            child = left.pop()
            end = min(limit, ends[child])
            if not starts[child] < end <= cursor:
                continue
            path.add(row, end, cursor)
            # Before the child's start this span continues; the child is walked first.
            cursor = max(starts[child], start)
            if child in children:
                waiting[child] = _by_end(children, child, ends)
                stack += ((row, limit, cursor), (child, end, end))
                break
            path.add(child, starts[child], end)
        else:
            path.add(row, start, cursor)
    return path


def _children(tree: Tree) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for row, parent in enumerate(tree.parent):
        if parent >= 0:
            children.setdefault(parent, []).append(row)
    return children


def _by_end(children: dict[int, list[int]], row: int, ends: list[int]) -> list[int]:
    """Return the rows below one, ordered by their end, so that the last to end is the last in the list."""
    return sorted(children.get(row, ()), key=ends.__getitem__)
