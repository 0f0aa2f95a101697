"""Reading of a ring, usually of another process, with any content and concurrent changes."""

import contextlib
import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from obsv.own_files import NotOurs, open_own, see_own_directory
from obsv.record import layout
from obsv.record.about import About
from obsv.record.lane_reader import LaneReader
from obsv.record.layout import DEFINE, DEFINE_HEAD
from obsv.record.ring import Ring
from obsv.record.room import Memory
from obsv.record.scan import scan
from obsv.record.source import FileSource, MemorySource
from obsv.record.values import BadValues, loads

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# A genuine ring contains no more.
_MOST_DEFINITIONS = 1_000_000
_MOST_BYTES = 2 * layout.MAX_NAMES


class RingReader:
    """One ring.

    Attributes:
        about: its page.
        names: the definitions of numbers in its records.
        calls, errors: its lanes.
        directory: None for one in this process's memory.
    """

    def __init__(
        self,
        about: About,
        names: "NamesReader",
        calls: LaneReader,
        errors: LaneReader,
        directory: Path | None = None,
        lock: int | None = None,
    ) -> None:
        self.about, self.names, self.calls, self.errors = about, names, calls, errors
        self.directory, self._lock = directory, lock

    @classmethod
    def of_files(cls, directory: Path, *, writable: bool) -> "RingReader":
        """Return the ring in a directory.

        Args:
            writable: the reader is the keeper: it claims segments, returns them and publishes its position.

        Raises:
            OSError: it cannot be read; NotOurs if it never will be.
        """
        see_own_directory(directory)
        about, lock = _about_of(directory / layout.ABOUT, writable)
        try:
            names = NamesReader.of_file(directory / layout.NAMES)
        except BaseException:
            about.close()
            os.close(lock)
            raise
        calls, errors = (
            LaneReader(FileSource(directory, lane, claims=writable)) for lane in (layout.CALLS, layout.ERRORS)
        )
        return cls(about, names, calls, errors, directory, lock)

    @classmethod
    def of_memory(cls, ring: Ring) -> "RingReader":
        """Return a ring that was opened in the memory of this process."""
        calls, errors = ring.calls.room, ring.errors.room
        assert isinstance(calls, Memory)
        assert isinstance(errors, Memory)
        names = NamesReader(lambda start: b"".join(ring.definitions)[start:])
        return cls(ring.about, names, LaneReader(MemorySource(calls)), LaneReader(MemorySource(errors)))

    def is_alive(self) -> bool:
        """Return whether its program may still write; False if it has closed the ring."""
        if self.about.closed:
            return False
        if self._lock is None:
            return True
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        return False

    def close(self) -> None:
        """Release descriptors and memory."""
        self.calls.close()
        self.errors.close()
        self.names.close()
        if self._lock is not None:
            self.about.close()
            os.close(self._lock)


def _about_of(path: Path, writable: bool) -> tuple[About, int]:
    descriptor = open_own(path, os.O_RDWR if writable else os.O_RDONLY, layout.PAGE)
    try:
        if os.fstat(descriptor).st_size != layout.PAGE:
            raise NotOurs(f"{path} is not {layout.PAGE} bytes long")
        about = About(mmap.mmap(descriptor, layout.PAGE, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ))
        if not about.is_ours:
            about.close()
            raise NotOurs(f"{path} does not belong to a ring of version {layout.VERSION}")
    except BaseException:
        os.close(descriptor)
        raise
    return about, descriptor


class NamesReader:
    """The definitions of numbers in records.

    Args:
        read: returns the definitions' bytes from an offset on.
        close: ends that.
    """

    def __init__(self, read: Callable[[int], bytes], close: Callable[[], object] = lambda: None) -> None:
        self._read, self.close = read, close
        self._offset = 0
        self._known: dict[tuple[int, int], Any] = {}

    @classmethod
    def of_file(cls, path: Path) -> "NamesReader":
        """Return the definitions in a file.

        Raises:
            OSError: it cannot be read; NotOurs if it never will be.
        """
        descriptor = open_own(path, os.O_RDONLY, _MOST_BYTES)
        return cls(lambda start: os.pread(descriptor, _MOST_BYTES, start), lambda: os.close(descriptor))

    def get(self, table: int, number: int) -> Any:
        """Return the value of a number; None if it is not defined."""
        found = self._known.get((table, number))
        if found is None and number:
            self._read_on()
            found = self._known.get((table, number))
        return found

    def _read_on(self) -> None:
        data = self._read(self._offset)
        for kind, start, stop in scan(data, 0, is_final=False):
            self._offset += stop - start
            if kind != DEFINE or len(self._known) >= _MOST_DEFINITIONS:
                continue
            _, _, _, table, _, number = DEFINE_HEAD.unpack_from(data, start)
            with contextlib.suppress(BadValues):
                self._known[table, number] = loads(data[start + DEFINE_HEAD.size : stop])
