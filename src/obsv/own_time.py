"""Clocks that nobody else holds: what is recorded has the time of the machine, whatever the program's own time is.

Tests freeze time in two ways. freezegun and patches by hand put other functions into the module `time`, and into every
module that has one of its functions: so the ones here belong to a copy of that module. time-machine makes the system's
wall clock answer otherwise in all copies: `unix_ns` notices by the time stamp of a file.
"""

import os
import sys

from obsv.own_module import own_module

_time = own_module("time")

monotonic = _time.monotonic
"""Seconds of a clock that is never set."""

ticks = _time.perf_counter_ns
"""Nanoseconds of a clock that is never set."""

thread_time_ns = _time.thread_time_ns
"""CPU time of the running thread in nanoseconds."""

sleep = _time.sleep
"""Wait so many seconds; a hub of green threads waits too."""

# Time stamps of files advance with the kernel's ticks, every 1 to 10 ms.
_COARSE_NS = 1_000_000_000


def unix_ns() -> int:
    """Nanoseconds since 1970."""
    told: int = _time.time_ns()
    stamped = _stamp()
    return told if stamped is None or abs(told - stamped) < _COARSE_NS else stamped


def _stamp() -> int | None:
    """The time that a new file gets (5 µs); None where that is not to be had."""
    if sys.platform != "linux":
        return None
    try:
        read, write = os.pipe()
    except OSError:
        return None
    try:
        return os.fstat(read).st_mtime_ns
    except OSError:
        return None
    finally:
        os.close(read)
        os.close(write)
