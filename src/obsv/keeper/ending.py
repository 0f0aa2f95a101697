"""The end of a process, as far as known, and the exception of its open calls."""

from __future__ import annotations

import signal
from typing import NamedTuple

TYPE = "obsv.ProcessEnded"


class Ending(NamedTuple):
    """The end of a process.

    Args:
        pid: ID of the process.
        at_ns: when it ended, Unix time; the latest sign of life if nobody saw the end.
        is_orderly: whether it had announced that it would record nothing more.
        is_restart: whether the machine was restarted since.
        code: its status as returned by `waitpid`; None if it was not read in time.
    """

    pid: int
    at_ns: int
    is_orderly: bool = False
    is_restart: bool = False
    code: int | None = None

    @property
    def story(self) -> str:
        """Return the exception of a call that it interrupted; one line, like the last one of a traceback."""
        return f"{TYPE}: process {self.pid} {self._how} while this call was running"

    @property
    def _how(self) -> str:
        if self.is_restart:
            return "ended with its machine, which was restarted or lost power,"
        if self.code is not None and self.code & 0x7F:
            return f"was killed by {_name(self.code & 0x7F)}"
        if self.code is not None and (self.code or not self.is_orderly):
            return f"exited with status {self.code >> 8}"
        if self.is_orderly:
            return "ended in order"
        return "ended unexpectedly (it was killed, ran out of memory, crashed, or called os._exit)"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def exit_code(pid: int, start: int) -> int | None:
    """Return the status that the system keeps of an ended process until its parent waits for it; None for any other.

    Args:
        pid: process ID.
        start: clock ticks from the machine's start to the process's.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        if fields[0] != b"Z" or start not in (0, int(fields[19])):
            return None
        return int(fields[49])
    except (OSError, ValueError, IndexError):
        return None
