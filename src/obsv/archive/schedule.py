"""When calls go into the archive, and which calls make a part: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from obsv.store.ground import HOUR_NS

# A part of this many calls takes 3 MB; it is made a chunk at a time, so this bounds only what a kill repeats.
MOST_CALLS = 200_000
HOT_NS = 6 * HOUR_NS
KEEP_NS = 30 * 24 * HOUR_NS


class Window(NamedTuple):
    """How long calls are where.

    Attributes:
        hot_ns: age from which on they are archived.
        keep_ns: age from which on the archive forgets them; None keeps them.
    """

    hot_ns: int = HOT_NS
    keep_ns: int | None = KEEP_NS


class Cut(NamedTuple):
    """The next part: `calls` calls, the last with this `id`; `start_ns` is the start of the first."""

    last_id: int
    calls: int
    start_ns: int


def cut(starts: Iterable[tuple[int, int]], now_ns: int, hot_ns: int, at_once: bool = False) -> Cut | None:
    """Choose the calls of the next part: from the watermark on, in order of arrival.

    A part ends where an hour does, before the first call that is still hot, or at `MOST_CALLS`. A call that is dated
    ahead keeps nothing back.

    Args:
        starts: `id` and start of the calls after the watermark, in order of arrival.
        now_ns: Unix time.
        hot_ns: age from which on calls are archived.
        at_once: also an hour that is not over; for a user who asks.

    Returns:
        None where there is no whole part yet.
    """
    found: Cut | None = None
    before_ns = now_ns - hot_ns
    for position, start_ns in starts:
        if before_ns < start_ns <= now_ns:
            # The hour goes on: it becomes a part when all of it is cold.
            return found if found is not None and (at_once or _is_over(found.start_ns, before_ns)) else None
        if found is None:
            found = Cut(position, 1, start_ns)
        elif found.calls >= MOST_CALLS or start_ns // HOUR_NS > found.start_ns // HOUR_NS:
            return found
        else:
            found = Cut(position, found.calls + 1, found.start_ns)
    return found if found is not None and (at_once or _is_over(found.start_ns, before_ns)) else None


def _is_over(start_ns: int, before_ns: int) -> bool:
    return start_ns // HOUR_NS < before_ns // HOUR_NS
