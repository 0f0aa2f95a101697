"""One spill file: records in a row, each with its length and checksum.

    file    = header record*
    header  = "OBSVSPIL" version:u16 kind:u8 0:u8 0:u32 replayed:u64         24 bytes, little-endian
    record  = marker:4 length:u32 count:u32 crc32:u32 payload               crc32 over length, count and payload

It is only appended to, but for `replayed`: how far the records have been exported. A record that was not written to the
end, or was damaged later, is skipped: reading goes on at the next marker that begins a sound record.

Every call that lets go of the interpreter lock costs up to 5 ms for each computing thread until it is won back. So many
records are written at once, files are read and written without seeking, and the checksum is taken in small steps.
"""

import errno
import os
import struct
import zlib
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from obsv.trace.blobs import Blob
from obsv.trace.file_lock import try_lock

MAGIC = b"OBSVSPIL"
FORMAT_VERSION = 1
MARKER = b"\xf5\x0aOB"
SUCCESSES, ERRORS = 0, 1

_HEADER = struct.Struct("<8sHBBIQ")
_RECORD = struct.Struct("<4sIII")
_SIZES = struct.Struct("<II")
_REPLAYED = struct.Struct("<Q")
_REPLAYED_AT = 16
# zlib lets go of the interpreter lock for more than this.
_KEEPS_THE_LOCK = 5 << 10
# What is read at a time while looking for the next marker.
_WINDOW = 1 << 20


class UnreadableSpill(Exception):
    """The file is no spill file, or one of another format version."""


class Record(NamedTuple):
    """A sound record: its payload, how many spans are in it, and where the next one begins."""

    payload: bytes
    spans: int
    end: int


class SpillFile:
    """An open and locked spill file. Used by one thread at a time.

    Args:
        file: opened for reading and writing, and locked.
        path: where it is.
        kind: `SUCCESSES` or `ERRORS`.
        replayed: position up to which its records have been exported.

    Attributes:
        size: bytes up to the end of the last whole record that this process wrote, or of the file.
        pending: spans in records that have not been exported.
        is_positioned: whether `replayed` is all that is known; an exporter may know better of a file that was adopted.
    """

    def __init__(self, file: FileIO, path: Path, kind: int, replayed: int) -> None:
        self._file = file
        self.path = path
        self.kind = kind
        self.replayed = replayed
        self.size = file.seek(0, os.SEEK_END)
        self.pending = 0
        self.is_positioned = True

    @classmethod
    def create(cls, path: Path, kind: int) -> "SpillFile":
        """Make a new file.

        Raises:
            OSError: it cannot be made: no such directory, read-only, disk full.
        """
        # Owner only: it holds what the program's functions were called with.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        file = FileIO(descriptor, "r+")
        try_lock(file)
        try:
            _write(file, _HEADER.pack(MAGIC, FORMAT_VERSION, kind, 0, 0, _HEADER.size), 0)
        except OSError:
            file.close()
            path.unlink(missing_ok=True)
            raise
        return cls(file, path, kind, _HEADER.size)

    @classmethod
    def adopt(cls, path: Path) -> "SpillFile | None":
        """Open a file whose owner is gone.

        Returns:
            None if its owner lives, or it was removed meanwhile, or holds nothing.

        Raises:
            UnreadableSpill: not a spill file of this format.
            OSError: it cannot be opened.
        """
        file = FileIO(path, "r+")
        try:
            if not try_lock(file) or not _is_at(file, path):
                file.close()
                return None
            header = _read(file, _HEADER.size, 0)
            if len(header) < _HEADER.size:  # its owner died before the first record
                path.unlink()
                file.close()
                return None
            kind, replayed = _parse_header(header, path)
        except BaseException:
            file.close()
            raise
        spill_file = cls(file, path, kind, replayed)
        spill_file.is_positioned = False
        spill_file.count_pending()
        return spill_file

    def append(self, blobs: Sequence[Blob]) -> None:
        """Add records, a blob each.

        Raises:
            OSError: they cannot be written; the file is as it was.
        """
        data = b"".join(part for blob in blobs for part in (_record_head(blob), blob.payload))
        try:
            _write(self._file, data, self.size)
        except OSError:
            self._file.truncate(self.size)
            raise
        self.size += len(data)
        self.pending += sum(blob.spans for blob in blobs)

    def read(self, position: int) -> Record | None:
        """The first sound record at or after a position; None if there is none."""
        while position < self.size:
            if (found := self._record_at(position)) is not None:
                return found
            position = self._next_marker(position + 1)
        return None

    def advance(self, end: int, count: int) -> None:
        """Note that the records before `end`, with `count` spans, have been exported.

        Raises:
            OSError: the position could not be written; it is known in this process all the same.
        """
        self.replayed = end
        self.pending -= count
        _write(self._file, _REPLAYED.pack(end), _REPLAYED_AT)

    def skip_to(self, position: int) -> None:
        """Leave out the records before a position that the exporter has noted."""
        self.is_positioned = True
        if position > self.replayed:
            self.replayed = position
            self.count_pending()

    @property
    def is_replayed(self) -> bool:
        """Whether nothing is left to export."""
        return self.replayed >= self.size

    def sync(self) -> None:
        """Force what was written onto the disk.

        Raises:
            OSError: the disk failed.
        """
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close and unlock; what was not exported stays for the next process."""
        self._file.close()

    def remove(self) -> None:
        """Delete the file, while it is still locked so that nobody adopts it."""
        try:
            self.path.unlink(missing_ok=True)
        except PermissionError:  # Windows does not delete what is open
            self._file.close()
            self.path.unlink(missing_ok=True)
        self._file.close()

    def count_pending(self) -> None:
        """Count the spans behind `replayed` anew, checking every record."""
        self.pending, position = 0, self.replayed
        while (record := self.read(position)) is not None:
            self.pending, position = self.pending + record.spans, record.end

    def _record_at(self, position: int) -> Record | None:
        head = self._bytes(position, _RECORD.size)
        if len(head) < _RECORD.size:
            return None
        marker, length, count, checksum = _RECORD.unpack(head)
        end = position + _RECORD.size + length
        if marker != MARKER or end > self.size:
            return None
        payload = self._bytes(position + _RECORD.size, length)
        if _checksum(payload, count) != checksum:
            return None
        return Record(payload, count, end)

    def _next_marker(self, position: int) -> int:
        while position < self.size:
            # Windows overlap by what a marker may lack at their end.
            window = self._bytes(position, _WINDOW + len(MARKER) - 1)
            found = window.find(MARKER)
            if found >= 0:
                return position + found
            position += _WINDOW
        return self.size

    def _bytes(self, position: int, length: int) -> bytes:
        return _read(self._file, min(length, self.size - position), position)


def _is_at(file: FileIO, path: Path) -> bool:
    """Whether the path still names this file, and not one that was made after this was removed."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    here = os.fstat(file.fileno())
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _parse_header(header: bytes, path: Path) -> tuple[int, int]:
    magic, version, kind, _, _, replayed = _HEADER.unpack(header)
    if magic != MAGIC:
        raise UnreadableSpill(f"{path} is not a spill file of obsv; move it elsewhere.")
    if version != FORMAT_VERSION:
        raise UnreadableSpill(
            f"{path} has spill format {version}, this obsv reads {FORMAT_VERSION}: run the obsv that wrote it once "
            "more to recover its calls, or delete the file."
        )
    return kind, max(replayed, _HEADER.size)


def _record_head(blob: Blob) -> bytes:
    return _RECORD.pack(MARKER, len(blob.payload), blob.spans, _checksum(blob.payload, blob.spans))


def _checksum(payload: bytes, count: int) -> int:
    checksum = zlib.crc32(_SIZES.pack(len(payload), count))
    view = memoryview(payload)
    for start in range(0, len(payload), _KEEPS_THE_LOCK):
        checksum = zlib.crc32(view[start : start + _KEEPS_THE_LOCK], checksum)
    return checksum


def _read(file: FileIO, length: int, position: int) -> bytes:
    parts = []
    while length > 0 and (part := _read_some(file, length, position)):
        parts.append(part)
        position += len(part)
        length -= len(part)
    return b"".join(parts)


def _write(file: FileIO, data: bytes, position: int) -> None:
    written = _write_some(file, data, position)
    if written != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)


if hasattr(os, "pread"):

    def _read_some(file: FileIO, length: int, position: int) -> bytes:
        return os.pread(file.fileno(), length, position)

    def _write_some(file: FileIO, data: bytes, position: int) -> int:
        return os.pwrite(file.fileno(), data, position)

else:  # Windows

    def _read_some(file: FileIO, length: int, position: int) -> bytes:
        file.seek(position)
        return file.read(length) or b""

    def _write_some(file: FileIO, data: bytes, position: int) -> int:
        file.seek(position)
        return file.write(data) or 0
