"""Files that versions before the keeper left beside a database: calls that could not be stored then. Read once.

    file    = header record*
    header  = "OBSVSPIL" version:u16 kind:u8 0:u8 0:u32 replayed:u64         24 bytes, little-endian
    record  = marker:4 length:u32 count:u32 crc32:u32 payload               crc32 over length, count and payload

`replayed` is the position up to which the records are stored. The payload is a pair, in `marshal`: 1, and runs of spans
with
the name of their form. An incomplete record is skipped: reading continues at the next marker.
"""

from __future__ import annotations

import contextlib
import logging
import marshal
import os
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanLimits

from obsv.exporters.rows import Rows
from obsv.own_files import open_own
from obsv.store import Writer
from obsv.trace.foreign_form import ForeignForm, Plain, thaw_resource, thaw_scope
from obsv.trace.frozen import thaw
from obsv.trace.function import Function
from obsv.trace.span import Origin, Span

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger("obsv")

SUFFIX = ".spill"
MAGIC, MARKER = b"OBSVSPIL", b"\xf5\x0aOB"
VERSION, CODEC = 1, 1
_FOREIGN = "otel"
# Fields of a function; the last is the share of its calls that is recorded.
_PARTS, _ALL = 10, 1.0
HEADER, RECORD, SIZES = struct.Struct("<8sHBBIQ"), struct.Struct("<4sIII"), struct.Struct("<II")
# The largest ever written is 32 MiB.
_MOST_BYTES = 256 << 20


class LeftBehind:
    """Stores the contents of such files, and removes them.

    Args:
        db: path of the database.
        writer: writer of the database.
    """

    def __init__(self, db: str, writer: Writer) -> None:
        self._db, self._writer = Path(db), writer
        self._rows = Rows()
        self._files: list[Path] | None = None

    def step(self) -> bool:
        """Store one file; return False if there is none left.

        Raises:
            StoreError: the database cannot be written at the moment; the file is tried again.
        """
        if self._files is None:
            self._files = self._found()
        if not self._files:
            return False
        self._store(self._files[0])
        del self._files[0]
        return True

    def _found(self) -> list[Path]:
        prefix = f"{self._db.name}."
        with contextlib.suppress(OSError):
            names = sorted(name for name in os.listdir(self._db.parent) if name.startswith(prefix))
            return [self._db.parent / name for name in names if name.endswith(SUFFIX)]
        return []

    def _store(self, path: Path) -> None:
        try:
            descriptor = open_own(str(path), os.O_RDWR)
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("%s is ignored: %s.", path, error)
            return
        try:
            if not _is_free(descriptor):
                return  # an older version still writes it, and stores it itself
            for spans in _spans(_read(descriptor)):
                self._writer.write(list(self._rows.of(spans)))
            path.unlink(missing_ok=True)
            logger.info("%s, left by an older version, was stored.", path)
        except (ValueError, OSError) as error:
            logger.warning("%s is ignored: %s.", path, error)
        finally:
            os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    if size > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES >> 20} MiB")
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(size)


def _spans(data: bytes) -> Iterator[list[ReadableSpan]]:
    """Yield the spans of each valid record that is not stored.

    Raises:
        ValueError: the file has another version, or is not such a file.
    """
    if len(data) < HEADER.size:  # its owner died before the first record
        return
    magic, version, _, _, _, replayed = HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise ValueError("it is not a file of calls in a supported version")
    position = max(replayed, HEADER.size)
    while 0 <= position < len(data):
        payload = _payload_at(data, position)
        if payload is None:
            position = data.find(MARKER, position + 1)
        else:
            yield _decoded(payload)
            position += RECORD.size + len(payload)


def _payload_at(data: bytes, position: int) -> bytes | None:
    if position + RECORD.size > len(data):
        return None
    marker, length, count, checksum = RECORD.unpack_from(data, position)
    payload = data[position + RECORD.size : position + RECORD.size + length]
    if marker != MARKER or len(payload) != length:
        return None
    return payload if zlib.crc32(payload, zlib.crc32(SIZES.pack(length, count))) == checksum else None


def _decoded(payload: bytes) -> list[ReadableSpan]:
    try:
        # A file of this user, with a valid checksum.
        version, runs = marshal.loads(payload)
        if version != CODEC:
            raise ValueError(f"its calls have version {version!r}")
        spans: list[ReadableSpan] = []
        for name, frozen in runs:
            spans += map(ForeignForm().thaw if name == _FOREIGN else _thawed, frozen)
    except (EOFError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise ValueError(f"its calls cannot be read ({type(error).__name__}: {error})") from error
    return spans


def _thawed(plain: Any) -> Span:
    function, caller, origin, rest = plain
    return thaw(rest, _function(function), None if caller is None else _function(caller), _origin(origin))


# One object for all equal ones: rows share data derived from it.
@lru_cache(10_000)
def _function(plain: Plain) -> Function:
    # Versions without sampling did not write the share of recorded calls.
    return Function.thaw((*plain, _ALL)[:_PARTS])


@lru_cache(1_000)
def _origin(plain: Plain) -> Origin:
    resource, scope = plain
    thawed = thaw_scope(scope)
    if thawed is None:
        raise ValueError("a call without its scope")
    return Origin(thaw_resource(resource), thawed, SpanLimits())
