"""When to archive rows, and which of them form a part: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from obsv.store.ground import HOUR_NS

# A part of this many calls takes 3 MB; it is written in chunks, so this only bounds the work repeated after a kill.
MOST_CALLS = 200_000
HOT_NS = 6 * HOUR_NS


class Window(NamedTuple):
    """Ages of archiving and deletion.

    Attributes:
        hot_ns: age from which on calls and log records are archived.
        keep_ns: age from which on the archive deletes them; None keeps them.
        decided_ns: how much longer it keeps decisions and outcomes: the time that they have spent in the database.
        decided_hot_ns: age from which on decisions and outcomes are archived; None: never.
    """

    hot_ns: int
    keep_ns: int | None
    decided_ns: int = 0
    decided_hot_ns: int | None = None


class Cut(NamedTuple):
    """The next part: `calls` calls, the last with this `id`; `start_ns` is the start of the first."""

    last_id: int
    calls: int
    start_ns: int


def cut(starts: Iterable[tuple[int, int]], now_ns: int, hot_ns: int, at_once: bool = False) -> Cut | None:
    """Choose the calls of the next part: from the watermark on, in order of arrival.

    A part ends at the end of an hour, before the first call that is too young, or at `MOST_CALLS`. A call dated in the
    future does not delay others.

    Args:
        starts: `id` and start of the calls after the watermark, in order of arrival.
        now_ns: Unix time.
        hot_ns: age from which on calls are archived.
        at_once: whether to include the current, incomplete hour, at a user's request.

    Returns:
        None if there is no complete part yet.
    """
    found: Cut | None = None
    before_ns = now_ns - hot_ns
    for position, start_ns in starts:
        if before_ns < start_ns <= now_ns:
            # The hour continues: it becomes a part when all of it is old enough.
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
