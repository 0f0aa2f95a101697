"""Suggestions for unknown names: the most similar known ones."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

from obsv.analysis.markdown import code

MOST = 5
# With more names than this, they are not compared one by one.
MOST_COMPARED = 5_000
_LONGEST = 200


def nearest(name: str, known: Iterable[str], most: int = MOST) -> list[str]:
    """Return the most similar known names, best first; the last part of a dotted name counts like the whole."""
    wanted = name[:_LONGEST].lower()
    last = wanted.rpartition(".")[2]

    def likeness(each: str) -> float:
        whole = each[:_LONGEST].lower()
        part = whole.rpartition(".")[2]
        return SequenceMatcher(None, wanted, whole).ratio() + SequenceMatcher(None, last, part).ratio()

    names = [each for each, _ in zip(known, range(MOST_COMPARED), strict=False)]
    return [each for each in nlargest(most, names, key=likeness) if likeness(each) > 0.9]


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests similar names; empty if there are none."""
    found = nearest(name, known)
    return f" Nearest: {', '.join(map(code, found))}." if found else ""
