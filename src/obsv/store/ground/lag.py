"""How long after its trace began a call ended, by the time that a trace's id begins with.

No table of traces is kept: a row a trace costs more than all the rollups of its calls. But ids of ours begin with the
millisecond they were made in. Where no call of a minute ended later than X after that, no trace that lasted longer than
X ended in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add, sub

_DAY_NS = 86_400_000_000_000
# Said of ids with no time in them, or one that lies after the call's start: such a trace may have lasted any time.
UNKNOWN_NS = 1 << 62
# Calls may start by so much before their trace's id was made: clocks of several machines differ.
SKEW_NS = 1_000_000_000
# Up to here a bound will do. Most batches take less than that, and then no call needs a look of its own: a quarter of
# the time.
_NEAR_NS = 1_000_000_000


def lag_ns(starts: Sequence[int], durations: Sequence[int], trace_ids: Sequence[bytes]) -> int:
    """The longest time from the making of a trace's id to the end of a call of it; of short ones a bound, up to 1 s.

    Args:
        starts: Unix times in nanoseconds, at least one.
        durations: nanoseconds.
        trace_ids: 16 bytes each.

    Returns:
        nanoseconds, or `UNKNOWN_NS`.
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
