"""Private clocks: recorded times are those of the machine, even if the program's own time is patched.

Tests freeze time in two ways. freezegun and manual patches replace functions of the module `time`, and in every
module that imported one of them: the functions here belong to a private copy of that module. time-machine changes the
wall clock in all copies: `unix_ns` detects this from the time stamp of a file.
"""

import os
import sys

from obsv.own_module import own_module

_time = own_module("time")

monotonic = _time.monotonic
"""Return the seconds of a clock that is never set."""

ticks = _time.perf_counter_ns
"""Return the nanoseconds of a clock that is never set."""

thread_time_ns = _time.thread_time_ns
"""Return the CPU time of the running thread in nanoseconds."""

sleep = _time.sleep
"""Wait for a number of seconds; this also blocks a hub of green threads."""

# File time stamps advance with the kernel's ticks, every 1 to 10 ms.
_COARSE_NS = 1_000_000_000


def unix_ns() -> int:
    """Return the nanoseconds since 1970."""
    told: int = _time.time_ns()
    stamped = _stamp()
    return told if stamped is None or abs(told - stamped) < _COARSE_NS else stamped


def _stamp() -> int | None:
    """Return the time stamp that a new file gets (takes 5 µs); None if it is not available."""
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
