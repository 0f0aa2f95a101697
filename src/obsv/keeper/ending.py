"""How a process ended, as far as that can be known, and what its open calls are told to have failed of."""

from __future__ import annotations

import signal
from typing import NamedTuple

TYPE = "obsv.ProcessEnded"


class Ending(NamedTuple):
    """The end of a process.

    Args:
        pid: which process it was.
        at_ns: when, as Unix time; at the latest sign of life where nobody saw it.
        is_orderly: it had said that it would record nothing more.
        is_restart: the machine was restarted since.
        code: what the system kept of it, as `waitpid` has it; None where nobody could look in time.
    """

    pid: int
    at_ns: int
    is_orderly: bool = False
    is_restart: bool = False
    code: int | None = None

    @property
    def story(self) -> str:
        """What to say of a call that it interrupted; one line, as the last of a traceback."""
        return f"{TYPE}: process {self.pid} {self._how} while this call was running"

    @property
    def _how(self) -> str:
        if self.is_restart:
            return "ended with its machine, which was restarted or lost its power,"
        if self.code is not None and self.code & 0x7F:
            return f"was killed by {_name(self.code & 0x7F)}"
        if self.code is not None and (self.code or not self.is_orderly):
            return f"exited with status {self.code >> 8}"
        if self.is_orderly:
            return "ended in order"
        return "ended without a word (it was killed, ran out of memory, crashed, or called os._exit)"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def exit_code(pid: int, start: int) -> int | None:
    """What the system keeps of a process that has ended and that its parent has not waited for; None of any other.

    Args:
        pid: process id.
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
