"""Lag of a call: the time from the creation of its trace, given by the trace ID, to its end.

There is no table of traces: one row per trace would cost more than all rollups of its calls. But our IDs begin with the
millisecond of their creation. If no call of a minute ended later than X after that, no trace longer than X ended in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add, sub

_DAY_NS = 86_400_000_000_000
# The lag of IDs that do not contain the time, or a time after the call's start: such a trace may have any length.
UNKNOWN_NS = 1 << 62
# Calls may start this much before their trace's ID was created: clocks of several machines differ.
SKEW_NS = 1_000_000_000
# Up to this value a bound suffices. Most batches are shorter than that, and then no call is examined individually: a
# quarter of the time.
_NEAR_NS = 1_000_000_000


def lag_ns(starts: Sequence[int], durations: Sequence[int], trace_ids: Sequence[bytes]) -> int:
    """Return the longest time from creating a trace's ID to the end of a call; short ones as a bound, up to 1 s.

    Args:
        starts: Unix times in nanoseconds, at least one.
        durations: nanoseconds.
        trace_ids: 16 bytes each.

    Returns:
        Nanoseconds, or `UNKNOWN_NS`.
    """
    first, last = _made_ns(min(trace_ids)), _made_ns(max(trace_ids))
    if last > max(starts) + SKEW_NS:
        return UNKNOWN_NS
    bound = max(starts) + max(durations) - first
    if bound <= _NEAR_NS and last <= min(starts) + SKEW_NS:
        return max(0, bound)
    made = [*map(_made_ns, trace_ids)]
    if min(map(sub, starts, made)) < -SKEW_NS:
        return UNKNOWN_NS
    latest: int = max(map(sub, map(add, starts, durations), made))
    return min(max(0, latest), UNKNOWN_NS)


def began_ns(start_ns: int, trace_id: bytes) -> int:
    """When the trace of a call began, Unix time; of a trace whose id does not say so, when the call did."""
    made_ns = _made_ns(trace_id)
    return made_ns if start_ns - _DAY_NS < made_ns <= start_ns else start_ns


def _made_ns(trace_id: bytes) -> int:
    return int.from_bytes(trace_id[:6], "big") * 1_000_000
