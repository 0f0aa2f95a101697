"""Draw the lines that lead to the calls of a tree, without recursion: a trace may be deeper than Python's stack."""

from obsv.analysis.tree import Tree

LINES = ("├─ ", "└─ ", "│  ")
ASCII_LINES = ("|- ", "`- ", "|  ")
_GAP = "   "


class Branches:
    """The prefix of each row of a tree, requested in the order of its rows.

    Args:
        tree: the trace.
        shown: how many of its rows are drawn.
        levels: how many levels are indented; deeper calls show their depth in brackets.
        lines: the strings that lead to a call with later siblings, to the last sibling, and past a call.
    """

    def __init__(self, tree: Tree, shown: int, levels: int, lines: tuple[str, str, str] = LINES) -> None:
        self._tree = tree
        self._shown = shown
        self._levels = levels
        self._lines = lines
        self._rests: list[str] = []

    def of(self, row: int) -> tuple[str, str]:
        """Return the prefixes of the call's first line and of its further lines."""
        depth = self._tree.depth[row]
        if depth >= self._levels:
            return f"{self._rests[-1]}[{depth:,}] ", self._rests[-1] + _GAP
        del self._rests[depth:]
        above = self._rests[-1] if self._rests else ""
        other, last, past = self._lines
        is_last = self._is_last(row)
        self._rests.append(above + (_GAP if is_last else past))
        return above + (last if is_last else other), self._rests[-1]

    def _is_last(self, row: int) -> bool:
        tree, above = self._tree, self._tree.parent[row]
        end = self._shown if above < 0 else min(self._shown, tree.end[above])
        return tree.end[row] >= end
