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
HEADER_SIZE = _HEADER.size
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
    """An open and locked spill file. The bytes may be read and written by several threads; all else `Spill` guards.

    Args:
        file: opened for reading and writing, and locked.
        path: where it is.
        kind: `SUCCESSES` or `ERRORS`.
        replayed: position up to which its records have been exported.

    Attributes:
        size: bytes of the file, with what is being written.
        pending: spans in records that have not been exported.
        is_positioned: whether `replayed` is all that is known; an exporter may know better of a file that was adopted.
        is_retired: closed, or to be closed when the last user is done.
    """

    def __init__(self, file: FileIO, path: Path, kind: int, replayed: int) -> None:
        self._file = file
        self.path = path
        self.kind = kind
        self.replayed = replayed
        self.size = file.seek(0, os.SEEK_END)
        self.pending = 0
        self.is_positioned = True
        self.is_retired = False
        self._users = 0
        self._unwritten: set[int] = set()

    @classmethod
    def create(cls, path: Path, kind: int) -> "SpillFile":
        """Make a new file.

        Raises:
            OSError: it cannot be made: no such directory, read-only, disk full.
        """
        # Nobody looks for this name, so it is locked before anybody could take it for one whose owner is gone.
        # Windows cannot rename what is open.
        making = path if os.name == "nt" else path.with_name(path.name + ".new")
        # Owner only: it holds what the program's functions were called with.
        descriptor = os.open(making, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        file = FileIO(descriptor, "r+")
        try:
            try_lock(file, path)
            _write(file, _HEADER.pack(MAGIC, FORMAT_VERSION, kind, 0, 0, HEADER_SIZE), 0)
            os.rename(making, path)
        except OSError:
            file.close()
            making.unlink(missing_ok=True)
            raise
        return cls(file, path, kind, HEADER_SIZE)

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
            if not try_lock(file, path) or not _is_at(file, path):
                file.close()
                return None
            header = _read(file, HEADER_SIZE, 0)
            if len(header) < HEADER_SIZE:  # its owner died before the first record
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

    # -- whose turn it is; guarded by `Spill` --------------------------------------------------------------------------

    def hold(self) -> None:
        """Keep it open until `release`: a descriptor that is closed while in use might be another file by then."""
        self._users += 1

    def release(self) -> None:
        """End `hold`."""
        self._users -= 1
        self._close_if_unused()

    def reserve(self, length: int) -> int:
        """Keep room for a write, which `commit` or `give_up` ends; holds the file.

        Returns:
            The position to write at.
        """
        position = self.size
        self.size += length
        self._unwritten.add(position)
        self.hold()
        return position

    def commit(self, position: int, count: int) -> None:
        """What was reserved has been written, `count` spans."""
        self._unwritten.discard(position)
        self.pending += count
        self.release()

    def give_up(self, position: int, length: int) -> None:
        """What was reserved could not be written; if others wrote behind it, it stays as a damaged place."""
        self._unwritten.discard(position)
        if self.size == position + length:
            self.size = position
        self.release()

    @property
    def end(self) -> int:
        """Where reading ends: before the first record that is still being written."""
        return min(self._unwritten, default=self.size)

    @property
    def is_replayed(self) -> bool:
        """Whether nothing is left to export."""
        return self.replayed >= self.size

    def retire(self, *, delete: bool) -> None:
        """Close it as soon as nobody uses it.

        Args:
            delete: remove it now, while it is still locked so that nobody adopts it.
        """
        self.is_retired = True
        if delete:
            try:
                self.path.unlink(missing_ok=True)
            except PermissionError:  # Windows does not delete what is open
                self._file.close()
                self.path.unlink(missing_ok=True)
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self.is_retired and not self._users:
            self._file.close()

    # -- bytes; for whoever holds the file -----------------------------------------------------------------------------

    def write(self, position: int, data: bytes) -> None:
        """Write records at a position that was reserved.

        Raises:
            OSError: it is not all written.
        """
        _write(self._file, data, position)

    def read(self, position: int, limit: int) -> Record | None:
        """The first sound record at or after a position; None if there is none before the limit."""
        while position < limit:
            if (found := self._record_at(position, limit)) is not None:
                return found
            position = self._next_marker(position + 1, limit)
        return None

    def note_replayed(self, end: int) -> None:
        """Write down that the records before `end` have been exported.

        Raises:
            OSError: it could not be written.
        """
        _write(self._file, _REPLAYED.pack(end), _REPLAYED_AT)

    def skip_to(self, position: int) -> None:
        """Leave out the records before a position that the exporter has noted."""
        self.is_positioned = True
        if position > self.replayed:
            self.replayed = position
            self.count_pending()

    def sync(self) -> None:
        """Force what was written onto the disk.

        Raises:
            OSError: the disk failed.
        """
        os.fsync(self._file.fileno())

    def count_pending(self) -> None:
        """Count the spans behind `replayed` anew, checking every record."""
        pending, position = 0, self.replayed
        while (record := self.read(position, self.end)) is not None:
            pending, position = pending + record.spans, record.end
        self.pending = pending

    def _record_at(self, position: int, limit: int) -> Record | None:
        head = _read(self._file, _RECORD.size, position)
        if len(head) < _RECORD.size:
            return None
        marker, length, count, checksum = _RECORD.unpack(head)
        end = position + _RECORD.size + length
        if marker != MARKER or end > limit:
            return None
        payload = _read(self._file, length, position + _RECORD.size)
        if _checksum(payload, count) != checksum:
            return None
        return Record(payload, count, end)

    def _next_marker(self, position: int, limit: int) -> int:
        while position < limit:
            # Windows overlap by what a marker may lack at their end.
            window = _read(self._file, _WINDOW + len(MARKER) - 1, position)
            found = window.find(MARKER)
            if found >= 0:
                return position + found
            position += _WINDOW
        return limit


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
    return kind, max(replayed, HEADER_SIZE)


def as_record(blob: Blob) -> bytes:
    """The bytes of a record."""
    return _RECORD.pack(MARKER, len(blob.payload), blob.spans, _checksum(blob.payload, blob.spans)) + blob.payload


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
