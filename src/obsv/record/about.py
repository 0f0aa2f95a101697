"""The page `about` of a ring: the recording process, and the keeper's positions.

Each number is eight aligned bytes, in the machine's order: it is read and written in one step, so neither side locks.
"""

import mmap
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from obsv.own_time import unix_ns
from obsv.record import layout as at

# The range of SQLite's integers.
_INT = (1 << 63) - 1


class _Number:
    """A number of the page, which any mapping process may read at any time."""

    def __init__(self, offset: int) -> None:
        self._slot = offset // 8

    def __get__(self, about: "About", _: object = None) -> int:
        number: int = about.words[self._slot]
        return number

    def __set__(self, about: "About", number: int) -> None:
        about.words[self._slot] = number & at.MASK_64


class About:
    """One page of shared memory.

    Args:
        map_: its mapping: of the file, or anonymous.
    """

    def __init__(self, map_: mmap.mmap) -> None:
        self._map = map_
        self.words = memoryview(map_).cast("Q")

    version = _Number(at.AT_VERSION)
    pid = _Number(at.AT_PID)
    process_start = _Number(at.AT_PROCESS_START)
    created = _Number(at.AT_CREATED)
    dropped = _Number(at.AT_DROPPED)
    closed = _Number(at.AT_CLOSED)
    errors_waiting = _Number(at.AT_ERRORS_WAITING)
    keeper_pid = _Number(at.AT_KEEPER_PID)
    keeper_beat = _Number(at.AT_KEEPER_BEAT)
    keeper_sleeps = _Number(at.AT_KEEPER_SLEEPS)
    calls_position = _Number(at.AT_CALLS_POSITION)
    errors_position = _Number(at.AT_ERRORS_POSITION)
    stored = _Number(at.AT_STORED)
    _offset = _Number(at.AT_OFFSET)
    _chosen = _Number(at.AT_CHOSEN)
    _max_age_ns = _Number(at.AT_MAX_AGE)
    _max_bytes = _Number(at.AT_MAX_BYTES)
    unreadable = _Number(at.AT_UNREADABLE)
    lost = _Number(at.AT_LOST)

    @property
    def offset(self) -> int:
        """Return the nanoseconds from a tick to Unix time."""
        return self._offset - (1 << 64) if self._offset >> 63 else self._offset

    @offset.setter
    def offset(self, value: int) -> None:
        self._offset = value

    @property
    def complaint(self) -> str:
        """Return why the keeper cannot store now; empty while it can."""
        if not self.words[at.AT_COMPLAINT // 8]:
            return ""
        text = self._map[at.AT_COMPLAINT : at.AT_COMPLAINT + at.COMPLAINT_BYTES]
        return text.partition(b"\0")[0].decode("utf-8", "replace")

    @complaint.setter
    def complaint(self, text: str) -> None:
        # Its first word is written last: the program sees nothing, or all of it.
        first = at.AT_COMPLAINT // 8
        written = text.encode("utf-8", "replace")[: at.COMPLAINT_BYTES - 1].ljust(at.COMPLAINT_BYTES, b"\0")
        self.words[first] = 0
        self._map[at.AT_COMPLAINT + 8 : at.AT_COMPLAINT + at.COMPLAINT_BYTES] = written[8:]
        self.words[first] = int.from_bytes(written[:8], sys.byteorder)

    @property
    def limits(self) -> dict[str, int | None]:
        """Return the limits of the store chosen by the program's user, as in `Settings.limit_changes`."""
        found = {"max_age_ns": self._max_age_ns & _INT, "max_bytes": self._max_bytes & _INT}
        return {name: found[name] or None for bit, name in enumerate(found) if self._chosen >> bit & 1}

    @limits.setter
    def limits(self, limits: Mapping[str, int | None]) -> None:
        self._max_age_ns, self._max_bytes = limits.get("max_age_ns") or 0, limits.get("max_bytes") or 0
        self._chosen = ("max_age_ns" in limits) | ("max_bytes" in limits) << 1

    @property
    def boot_id(self) -> bytes:
        """Return the boot ID of the process; zeros if unknown."""
        return self._map[at.AT_BOOT_ID : at.AT_BOOT_ID + 16]

    @property
    def is_ours(self) -> bool:
        """Return whether the page has this format, in a version that this code reads."""
        return self._map[:8] == at.ABOUT_MAGIC and self.version == at.VERSION

    def fill(self, offset: int) -> None:
        """Write the identity of this process.

        Args:
            offset: nanoseconds from a tick to Unix time.
        """
        self.version, self.pid, self.process_start = at.VERSION, os.getpid(), process_start()
        self._map[at.AT_BOOT_ID : at.AT_BOOT_ID + 16] = boot_id()
        self.created, self.offset = unix_ns(), offset
        self._map[:8] = at.ABOUT_MAGIC

    def close(self) -> None:
        """Release the mapping."""
        self.words.release()
        self._map.close()


def process_start(pid: int | None = None) -> int:
    """Return when a process began, in clock ticks since boot; 0 if unknown."""
    try:
        stat = Path(f"/proc/{pid or 'self'}/stat").read_bytes()
        # The second field is the program's name, with arbitrary content.
        return int(stat[stat.rindex(b")") :].split()[20])
    except (OSError, ValueError, IndexError):
        return 0


def boot_id() -> bytes:
    """Return the boot ID of this machine: 16 bytes, zeros if unknown."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        return bytes.fromhex(text.strip().replace("-", ""))[:16].ljust(16, b"\0")
    except (OSError, ValueError):
        return bytes(16)
