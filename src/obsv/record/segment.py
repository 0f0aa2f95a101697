"""A segment: a piece of mapped memory to which records are appended in one step each."""

import mmap
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from obsv.own_files import SAFE_FLAGS
from obsv.record.core import compiled
from obsv.record.layout import AT_NUMBER, AT_SEALED, SEGMENT_HEADER, SEGMENT_MAGIC

if TYPE_CHECKING:
    from obsv.record.core import _core

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFE_FLAGS


class Segment:
    """One segment, on the side of its program.

    Args:
        map_: its memory, all zeros except the header.
        number: its number.

    Attributes:
        write: appends a record. `mmap.write` under the interpreter lock reserves the space and copies in one step, so
            that
            any number of threads, signal handlers and finalizers may call it; raises ValueError if there is no space.
            The
            compiled core does the same with its own position.
    """

    __slots__ = ("_map", "_place", "number", "size", "write")

    def __init__(self, map_: mmap.mmap, number: int) -> None:
        self._map, self.size = map_, len(map_)
        self._place: mmap.mmap | _core.Cursor = map_ if compiled is None else compiled.Cursor(map_)
        self.write = self._place.write
        map_[:8] = SEGMENT_MAGIC
        self.start(number)

    def start(self, number: int) -> None:
        """Initialize an empty segment: a new one, or one returned by a reader."""
        self.number = number
        self._map[AT_NUMBER : AT_NUMBER + 8] = number.to_bytes(8, sys.byteorder)
        self._place.seek(SEGMENT_HEADER)

    def seal(self) -> None:
        """Prevent further records. From the first of the two steps on, `write` finds no space."""
        self._place.seek(self.size)
        self._map[AT_SEALED : AT_SEALED + 8] = b"\1" * 8

    @property
    def end(self) -> int:
        """Return the offset after the last record; the size of a sealed segment."""
        return self._place.tell()

    @property
    def is_sealed(self) -> bool:
        """Return whether nobody can add a record."""
        return self._map[AT_SEALED] != 0

    def bytes(self, start: int, stop: int) -> bytes:
        """Return a part of it."""
        return self._map[start:stop]

    def close(self) -> None:
        """Release the memory; a thread that still writes into it finds no space."""
        if self._place is not self._map:
            self._place.close()
        self._map.close()


def create_file(path: Path, size: int) -> mmap.mmap:
    """Create a file of zeros and map it.

    Raises:
        OSError: it cannot be created, or there is no space for it. Nothing is left behind.
    """
    descriptor = os.open(path, _FLAGS, 0o600)
    try:
        # A sparse file would end the program with SIGBUS on a full disk.
        _allocate(descriptor, size)
        return mmap.mmap(descriptor, size)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _allocate(descriptor: int, size: int) -> None:
    allocate = getattr(os, "posix_fallocate", None)
    if allocate is not None:
        allocate(descriptor, 0, size)
        return
    while size > 0:  # macOS
        size -= os.write(descriptor, bytes(size))
