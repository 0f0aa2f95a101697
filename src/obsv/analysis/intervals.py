"""Stretches of time."""

from collections.abc import Iterable


def covered(intervals: Iterable[tuple[int, int]], first: int, last: int) -> int:
    """How much of `first..last` the intervals cover together.

    Args:
        intervals: `(start, end)`, ordered by start; they may overlap.
        first: where the stretch begins.
        last: where it ends.
    """
    total, reached = 0, first
    for start, end in intervals:
        start, end = max(start, reached), min(end, last)
        if end > start:
            total += end - start
            reached = end
    return total
