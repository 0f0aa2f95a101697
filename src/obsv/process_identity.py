"""Identity of a process: a process ID alone may refer to another process after the first has ended."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import NamedTuple


class Identity(NamedTuple):
    """A process of this machine, possibly from before a restart.

    Args:
        pid: process ID.
        start: clock ticks from the machine's start to the process's; 0 if unknown.
        boot: identifies the run of the machine; empty if unknown.
    """

    pid: int
    start: int
    boot: str

    def is_alive(self) -> bool:
        """Return whether the process is running; False for a zombie."""
        if self.boot != boot_id():
            return False
        state = _state(self.pid)
        if state is None:
            return _answers(self.pid)
        letter, start = state
        return letter not in "ZX" and self.start in (0, start)


def own_identity() -> Identity:
    """Return the identity of this process."""
    pid = os.getpid()
    state = _state(pid)
    return Identity(pid, state[1] if state else 0, boot_id())


@lru_cache(1)
def boot_id() -> str:
    """Return the identifier of the machine's current run; empty if unknown."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


# State and start of a process: the 3rd and 22nd field; the 2nd, in parentheses, is a name with arbitrary content.
def _state(pid: int) -> tuple[str, int] | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0].decode(), int(fields[19])
    except FileNotFoundError:
        return ("X", 0) if os.path.exists("/proc/self/stat") else None
    except (OSError, ValueError, IndexError):
        return None


def _answers(pid: int) -> bool:
    if sys.platform == "win32":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


# There `os.kill(pid, 0)` ends the process.
def _runs_on_windows(pid: int) -> bool:
    import _winapi

    synchronize, timed_out, access_denied = 0x100000, 0x102, 5
    try:
        handle = _winapi.OpenProcess(synchronize, False, pid)  # type: ignore[attr-defined,unused-ignore]
    except OSError as error:
        return getattr(error, "winerror", None) == access_denied
    except OverflowError:
        return False
    try:
        return bool(_winapi.WaitForSingleObject(handle, 0) == timed_out)  # type: ignore[attr-defined,unused-ignore]
    finally:
        _winapi.CloseHandle(handle)  # type: ignore[attr-defined,unused-ignore]
