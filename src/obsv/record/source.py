"""The reader's source of a lane's segments: files of a ring, or the memory of this process."""

import contextlib
import os
from pathlib import Path
from typing import Protocol

from obsv.own_files import open_own
from obsv.record import layout
from obsv.record.layout import FREE, READ, SEGMENT_HEADER
from obsv.record.room import Memory
from obsv.record.segment import Segment


class Opened(Protocol):
    """A segment that is being read."""

    size: int

    def read(self, size: int, offset: int) -> bytes:
        """Return bytes of it."""

    def is_sealed(self) -> bool:
        """Return whether its program will add nothing."""

    def claim(self) -> bool:
        """Keep the program from dropping it; return False if it has done so."""

    def close(self) -> None:
        """Stop reading."""


class Source(Protocol):
    """The segments of a lane."""

    def open(self, number: int) -> Opened | None:
        """Return the segment with a number; None if none can be read."""

    def numbers(self) -> list[int]:
        """Return the numbers of the existing segments."""

    def give_back(self, number: int, *, is_alive: bool) -> None:
        """Return a claimed segment for reuse."""


class FileSource:
    """Segments as files, which are read, not mapped: truncating a mapped file would end the reader.

    Args:
        directory: the ring's directory.
        lane: prefix of their names.
        claims: the reader is the keeper, which claims segments from the program.
    """

    def __init__(self, directory: Path, lane: str, *, claims: bool) -> None:
        self._directory, self._head, self._claims = directory, f"{lane}.", claims
        self._prefix = f"{directory}{os.sep}{lane}."

    def open(self, number: int) -> Opened | None:
        for suffix in ("", READ):
            with contextlib.suppress(FileNotFoundError):
                path = f"{self._prefix}{number}"
                descriptor = open_own(path + suffix, os.O_RDONLY, layout.MAX_SEGMENT)
                opened = _OpenedFile(descriptor, path, is_claimed=bool(suffix) or not self._claims)
                if opened.is_number(number):
                    return opened
                opened.close()
        return None

    def numbers(self) -> list[int]:
        found = []
        for name in os.listdir(self._directory):
            text = name[len(self._head) :].removesuffix(READ)
            if name.startswith(self._head) and text.isdecimal() and len(text) < 10:
                found.append(int(text))
        return found

    def give_back(self, number: int, *, is_alive: bool) -> None:
        path = f"{self._prefix}{number}"
        with contextlib.suppress(OSError):
            if not is_alive or self._given_back() >= layout.MAX_FREE:
                os.unlink(path + READ)
                return
            descriptor = open_own(path + READ, os.O_RDWR, layout.MAX_SEGMENT)
            try:
                os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size - SEGMENT_HEADER), SEGMENT_HEADER)
                os.pwrite(descriptor, bytes(8), layout.AT_SEALED)
            finally:
                os.close(descriptor)
            os.rename(path + READ, path + FREE)

    def _given_back(self) -> int:
        return sum(name.startswith(self._head) and name.endswith(FREE) for name in os.listdir(self._directory))


class _OpenedFile:
    def __init__(self, descriptor: int, path: str, *, is_claimed: bool) -> None:
        self._descriptor, self._path, self._is_claimed = descriptor, path, is_claimed
        self.size = os.fstat(descriptor).st_size

    def is_number(self, number: int) -> bool:
        header = self.read(SEGMENT_HEADER, 0)
        return (
            len(header) == SEGMENT_HEADER
            and header[:8] == layout.SEGMENT_MAGIC
            and memoryview(header).cast("Q")[layout.AT_NUMBER // 8] == number
        )

    def read(self, size: int, offset: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def is_sealed(self) -> bool:
        return self.read(8, layout.AT_SEALED) != bytes(8)

    def claim(self) -> bool:
        if not self._is_claimed:
            try:
                os.rename(self._path, self._path + READ)
            except OSError:
                return False
            self._is_claimed = True
        return True

    def close(self) -> None:
        os.close(self._descriptor)


class MemorySource:
    """Segments of a ring in this process's memory.

    Args:
        room: the segments of its lane.
    """

    def __init__(self, room: Memory) -> None:
        self._room = room

    def open(self, number: int) -> Opened | None:
        segment = self._room.segments.get(number)
        return None if segment is None else _OpenedMemory(self._room, segment)

    def numbers(self) -> list[int]:
        return list(self._room.segments)

    def give_back(self, number: int, *, is_alive: bool) -> None:
        self._room.segments.pop(number, None)
        self._room.being_read.discard(number)


class _OpenedMemory:
    def __init__(self, room: Memory, segment: Segment) -> None:
        self._room, self._segment, self.size = room, segment, segment.size

    def read(self, size: int, offset: int) -> bytes:
        return self._segment.bytes(offset, offset + size)

    def is_sealed(self) -> bool:
        return self._segment.is_sealed

    def claim(self) -> bool:
        self._room.being_read.add(self._segment.number)
        return self._segment.number in self._room.segments

    def close(self) -> None:
        pass
