"""One clock reading per time stamp: monotonic ticks, converted to Unix time on demand.

A duration taken from the wall clock jumps when that clock is set, and a second reading per time stamp costs 40 ns.
Spans therefore hold ticks; the offset to Unix time is kept here and corrected periodically.
"""

from collections.abc import Callable

from obsv.own_time import ticks, unix_ns

# Smaller differences are the jitter of two readings; following them would let siblings overlap.
_TOLERANCE_NS = 1_000_000


class Clock:
    """The offset from ticks to Unix time.

    Args:
        unix_ns: the wall clock, nanoseconds since 1970.
        tick_ns: the monotonic clock, nanoseconds.
    """

    __slots__ = ("_tick_ns", "_unix_ns", "offset")

    def __init__(self, unix_ns: Callable[[], int] = unix_ns, tick_ns: Callable[[], int] = ticks) -> None:
        self._unix_ns, self._tick_ns = unix_ns, tick_ns
        self.offset = self._measure()

    def _measure(self) -> int:
        before = self._tick_ns()
        unix = self._unix_ns()
        return unix - (before + self._tick_ns()) // 2

    def calibrate(self) -> None:
        """Follow the wall clock after it was set, or after the machine slept."""
        offset = self._measure()
        if abs(offset - self.offset) > _TOLERANCE_NS:
            self.offset = offset

    def unix(self, tick: int) -> int:
        """Return the Unix time in nanoseconds of a tick."""
        return tick + self.offset

    def tick(self, unix: int) -> int:
        """Return the tick of a Unix time in nanoseconds."""
        return unix - self.offset


clock = Clock()
