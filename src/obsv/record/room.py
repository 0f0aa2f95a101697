"""The source of a lane's segments: files in the ring's directory, or memory."""

import contextlib
import mmap
import os
from pathlib import Path
from typing import Protocol

from obsv.record.layout import DROPPED, FREE
from obsv.record.segment import Segment, create_file


class Room(Protocol):
    """A factory of segments for one lane that reuses those returned by readers."""

    def make(self, number: int, size: int) -> Segment:
        """Return a new segment.

        Raises:
            OSError: there is no space.
        """

    def reuse(self, number: int) -> Segment | None:
        """Return a segment returned by a reader, under its new number; None if there is none."""

    def keep(self, segment: Segment) -> None:
        """Keep a sealed segment, which may be returned later."""

    def held(self) -> int:
        """Return the bytes of all existing segments."""

    def claim_oldest(self, before: int) -> bytes | None:
        """Remove the oldest sealed segment below a number that no reader has begun; return None if there is none."""

    def close(self) -> None:
        """Release all memory."""


class Files:
    """Segments as files.

    Args:
        directory: the ring's directory.
        lane: prefix of their names.
        keep_mapped: number of sealed segments that stay mapped for reuse.
    """

    def __init__(self, directory: Path, lane: str, keep_mapped: int) -> None:
        self._prefix = str(directory / lane) + "."
        self._directory, self._lane, self._keep_mapped = directory, lane, keep_mapped
        self._kept: dict[int, Segment] = {}

    def make(self, number: int, size: int) -> Segment:
        return Segment(create_file(Path(f"{self._prefix}{number}"), size), number)

    def reuse(self, number: int) -> Segment | None:
        for known in sorted(self._kept):
            try:
                os.rename(f"{self._prefix}{known}{FREE}", f"{self._prefix}{number}")
            except OSError:
                continue
            segment = self._kept.pop(known)
            segment.start(number)
            return segment
        return None

    def keep(self, segment: Segment) -> None:
        if len(self._kept) < self._keep_mapped:
            self._kept[segment.number] = segment
            return
        # The reader may have deleted some of them meanwhile.
        for known in sorted(self._kept):
            if not self._is_there(known):
                self._kept.pop(known).close()
                self._kept[segment.number] = segment
                return
        segment.close()

    def _is_there(self, number: int) -> bool:
        return any(os.path.exists(f"{self._prefix}{number}{suffix}") for suffix in ("", ".read", FREE))

    def held(self) -> int:
        total = 0
        with contextlib.suppress(OSError), os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.startswith(self._lane + "."):
                    with contextlib.suppress(OSError):
                        total += entry.stat().st_size
        return total

    def claim_oldest(self, before: int) -> bytes | None:
        for number in sorted(self._numbers()):
            if number >= before:
                return None
            dropped = f"{self._prefix}{number}{DROPPED}"
            try:
                # Opened first: without descriptors nothing is claimed, and nothing lost.
                with open(f"{self._prefix}{number}", "rb") as file:
                    os.rename(f"{self._prefix}{number}", dropped)
                    content = file.read()
                os.unlink(dropped)
            except OSError:
                continue  # a reader was quicker
            mapped = self._kept.pop(number, None)
            if mapped is not None:
                mapped.close()
            return content
        return None

    def _numbers(self) -> list[int]:
        """Return the numbers of segments that no reader has begun."""
        try:
            names = os.listdir(self._directory)
        except OSError:
            return []
        head = self._lane + "."
        return [int(name[len(head) :]) for name in names if name.startswith(head) and name[len(head) :].isdecimal()]

    def close(self) -> None:
        for segment in self._kept.values():
            segment.close()
        self._kept.clear()


class Memory:
    """Segments as anonymous memory, for a reader in the same process.

    Attributes:
        segments: those not returned by the reader, by number; it removes finished ones.
    """

    def __init__(self) -> None:
        self.segments: dict[int, Segment] = {}
        self.being_read: set[int] = set()

    def make(self, number: int, size: int) -> Segment:
        try:
            segment = self.segments[number] = Segment(mmap.mmap(-1, size), number)
        except (OverflowError, ValueError) as error:
            raise OSError(str(error)) from error
        return segment

    def reuse(self, number: int) -> Segment | None:
        return None

    def keep(self, segment: Segment) -> None:
        pass

    def held(self) -> int:
        return sum(segment.size for segment in list(self.segments.values()))

    def claim_oldest(self, before: int) -> bytes | None:
        for number in sorted(self.segments):
            if number >= before:
                return None
            if number not in self.being_read:
                segment = self.segments.pop(number, None)
                if segment is not None:
                    return segment.bytes(0, segment.size)
        return None

    def close(self) -> None:
        self.segments.clear()
