"""A segment: a piece of mapped memory that records are appended to, one step a record."""

import mmap
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from obsv.record.core import compiled
from obsv.record.layout import AT_NUMBER, AT_SEALED, SEGMENT_HEADER, SEGMENT_MAGIC

if TYPE_CHECKING:
    from obsv.record.core import _core

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


class Segment:
    """One segment, as its program writes it.

    Args:
        map_: its memory, all zeros but for the header.
        number: its number.

    Attributes:
        write: appends a record. `mmap.write` under the interpreter lock takes the place and copies in one step, so
            that any number of threads, signal handlers and finalizers may call it; ValueError when there is no room.
            The compiled core does the same with a place of its own.
    """

    __slots__ = ("_map", "_place", "number", "size", "write")

    def __init__(self, map_: mmap.mmap, number: int) -> None:
        self._map, self.size = map_, len(map_)
        self._place: mmap.mmap | _core.Cursor = map_ if compiled is None else compiled.Cursor(map_)
        self.write = self._place.write
        map_[:8] = SEGMENT_MAGIC
        self.start(number)

    def start(self, number: int) -> None:
        """Begin a segment that holds no records: a new one, or one that a reader has given back."""
        self.number = number
        self._map[AT_NUMBER : AT_NUMBER + 8] = number.to_bytes(8, sys.byteorder)
        self._place.seek(SEGMENT_HEADER)

    def seal(self) -> None:
        """Let nobody add a record any more. From the first of the two steps on, `write` finds no room."""
        self._place.seek(self.size)
        self._map[AT_SEALED : AT_SEALED + 8] = b"\1" * 8

    @property
    def end(self) -> int:
        """The offset behind the last record; the size of the segment when it is sealed."""
        return self._place.tell()

    @property
    def is_sealed(self) -> bool:
        """Whether nobody can add a record."""
        return self._map[AT_SEALED] != 0

    def bytes(self, start: int, stop: int) -> bytes:
        """A part of it."""
        return self._map[start:stop]

    def close(self) -> None:
        """Give the memory back; a thread that still writes into it finds no room."""
        if self._place is not self._map:
            self._place.close()
        self._map.close()


def create_file(path: Path, size: int) -> mmap.mmap:
    """A new file of zeros, mapped.

    Raises:
        OSError: it cannot be made, or there is no room for it. Nothing is left behind.
    """
    descriptor = os.open(path, _FLAGS, 0o600)
    try:
        # A sparse file would end the program with SIGBUS when the disk is full.
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
