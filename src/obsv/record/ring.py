"""The output of one process: a lane of calls, a lane of errors, the names that both refer to, and its identity."""

import contextlib
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from obsv.own_files import SAFE_FLAGS
from obsv.record import layout
from obsv.record.about import About
from obsv.record.lane import Lane, OnFull
from obsv.record.names import Names, appender
from obsv.record.room import Files, Memory
from obsv.record.segment import create_file

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# While the next segment is created, calls go into this one; without space they wait in memory, where kill -9 loses
# them: with 256 KiB that lost some hundred calls of a burst on a busy machine.
_CALLS_FIRST, _ERRORS_FIRST, _LEAST = layout.CALLS_BYTES, 64 << 10, 64 << 10


class Bounds(NamedTuple):
    """Limits of a ring.

    Args:
        max_bytes: limit for calls that no reader has taken yet.
        on_full: what happens above that; "drop" uses returned segments anyway, and no more.
        block_s: maximum time that a call waits if `on_full` is "block", seconds.
    """

    max_bytes: int = 1 << 30
    on_full: OnFull = "spill"
    block_s: float = 1.0

    @property
    def cap(self) -> int:
        """Return the limit for the segments of calls, in bytes."""
        usual = (layout.MAX_FREE + 2) * layout.CALLS_BYTES
        return self.max_bytes if self.on_full == "spill" else min(usual, self.max_bytes)


_USUAL = Bounds()
_NONE: Mapping[str, int | None] = {}


class Ring:
    """The ring of a process.

    Attributes:
        about: its page.
        calls, errors: its lanes.
        names: its definitions.
        directory: directory of its files; None for one in memory.
        definitions: for one in memory, the content of `names`.
    """

    def __init__(
        self, about: About, calls: Lane, errors: Lane, names: Names, directory: Path | None, lock: int | None
    ) -> None:
        self.about, self.calls, self.errors, self.names = about, calls, errors, names
        self.directory, self._lock = directory, lock
        self.definitions: list[bytes] = []
        self.pid = os.getpid()

    def publish(self) -> None:
        """Publish the numbers of dropped and waiting calls to the readers."""
        self.about.dropped, self.about.errors_waiting = self.calls.dropped, self.errors.waiting

    def close(self) -> None:
        """Stop writing: readers may take all of it, and remove it when done."""
        self.errors.push()
        self.calls.close()
        self.errors.close()
        self.publish()
        self.about.closed = 1

    def forget(self) -> None:
        """Release it silently, as required in the child of a fork, which has copies of everything."""
        self.about.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_ring(rings: Path, offset: int, bounds: Bounds = _USUAL, limits: Mapping[str, int | None] = _NONE) -> Ring:
    """Create the ring of this process.

    Args:
        rings: the directory of all rings of a database, which exists.
        offset: nanoseconds from a tick to Unix time.
        bounds: its limits.
        limits: limits of the store chosen by the user.

    Raises:
        OSError: the file system has no space, cannot map or lock files, or denies access.
    """
    if fcntl is None:
        raise OSError("this system has no flock")
    name = f"{os.getpid()}-{os.urandom(8).hex()}"
    made, lock = rings / (layout.NEW_PREFIX + name), None
    made.mkdir(mode=0o700)
    try:
        about = About(create_file(made / layout.ABOUT, layout.PAGE))
        about.fill(offset)
        about.limits = limits
        lock = os.open(made / layout.ABOUT, os.O_RDWR | SAFE_FLAGS)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        names = Names(appender(made / layout.NAMES))
        os.rename(made, rings / name)
        # From here on readers recognize it: nobody mistakes it for one that was left behind.
        made = rings / name
        calls = _calls(Files(made, layout.CALLS, layout.MAX_FREE), bounds)
        errors = _errors(Files(made, layout.ERRORS, layout.MAX_FREE))
    except BaseException:
        if lock is not None:
            os.close(lock)
        remove(made)
        raise
    return Ring(about, calls, errors, names, made, lock)


def open_in_memory(offset: int, bounds: Bounds = _USUAL, limits: Mapping[str, int | None] = _NONE) -> Ring:
    """Create a ring for a reader in this process, if files cannot be used."""
    about = About(mmap.mmap(-1, layout.PAGE))
    about.fill(offset)
    about.limits = limits
    definitions: list[bytes] = []
    calls, errors = _calls(Memory(), bounds), _errors(Memory())
    ring = Ring(about, calls, errors, Names(definitions.append), None, None)
    ring.definitions = definitions
    return ring


def _calls(room: Files | Memory, bounds: Bounds) -> Lane:
    block_s = bounds.block_s if bounds.on_full == "block" else 0.0
    # Even with a small limit, the newest segments are never dropped.
    most = max(_LEAST, min(layout.CALLS_BYTES, bounds.cap // 8))
    return Lane(room, min(_CALLS_FIRST, most), most, bounds.cap, block_s)


def _errors(room: Files | Memory) -> Lane:
    return Lane(room, _ERRORS_FIRST, layout.ERRORS_BYTES, None)


def remove(directory: Path) -> None:
    """Delete a ring's directory as far as possible; it contains only plain files."""
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            with contextlib.suppress(OSError):
                os.unlink(directory / name)
        os.rmdir(directory)
