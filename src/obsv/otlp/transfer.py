"""Stores moved as text: OTLP JSON, one `ExportTraceServiceRequest` a line, as the collector's file exporter writes."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from obsv.errors import NotFound
from obsv.store.file import Reader
from obsv.store.ground import SpanRow
from obsv.store.spans import StoredSpan, spans_of_trace, spans_since
from obsv.store.writing import Writer
from obsv.wire.encode import to_json
from obsv.wire.errors import BadRequest
from obsv.wire.jsonform import decode_json
from obsv.wire.rowmaker import RowMaker

LINE_SPANS = 500
BATCH_ROWS = 5_000
# Of a file that is one object over many lines.
WHOLE_BYTES = 256 * 2**20
GZIP_MAGIC = b"\x1f\x8b"
DAMAGES = (EOFError, zlib.error, gzip.BadGzipFile)


def export_trace(reader: Reader, trace_id: str) -> Iterator[str]:
    """The lines of one trace.

    Args:
        reader: of the store.
        trace_id: hex digits in any case; leading zeros may be missing.

    Raises:
        NotFound: no such trace.
        StoreError: see `Reader`.
    """
    spans = spans_of_trace(reader, trace_id.strip().lower().zfill(32))
    if not spans:
        raise NotFound(f"No trace {trace_id} in {reader.path}.")
    for start in range(0, len(spans), LINE_SPANS):
        yield _line(spans[start : start + LINE_SPANS])


def export_since(reader: Reader, since_ns: int = 0) -> Iterator[str]:
    """The lines of everything that started since a time, oldest first.

    Args:
        reader: of the store.
        since_ns: Unix time.

    Raises:
        StoreError: see `Reader`.
    """
    for spans in spans_since(reader, since_ns, size=LINE_SPANS):
        yield _line(spans)


def _line(spans: list[StoredSpan]) -> str:
    return json.dumps(to_json(spans, source_text=True), ensure_ascii=False, separators=(",", ":"))


class Imported(NamedTuple):
    """What an import came to.

    Args:
        stored: spans that are new.
        duplicates: spans that were there already.
        rejected: spans that cannot be stored.
        unreadable: numbers of lines that are no OTLP JSON, or cannot be unpacked, from 1.
    """

    stored: int
    duplicates: int
    rejected: int
    unreadable: tuple[int, ...]


def import_file(path: Path, writer: Writer, maker: RowMaker) -> Imported:
    """Store the spans of a file, plain or gzipped: a request a line, or one request in all.

    Args:
        path: the file.
        writer: of the store.
        maker: makes rows.

    Raises:
        OSError: the file cannot be read.
        StoreError: the store cannot be written.
    """
    with path.open("rb") as file:
        is_packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        if not is_packed:
            return _Import(writer, maker).run(file)
        with gzip.GzipFile(fileobj=file) as unpacked:
            return _Import(writer, maker).run(unpacked)


def _lines(file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """The lines; where a packed file is damaged or ends too early, one that is no JSON instead of the rest."""
    try:
        while line := file.readline():
            yield line
    except DAMAGES:
        yield b"damaged"


def _rest(file: BinaryIO | gzip.GzipFile) -> bytes:
    try:
        return file.read(WHOLE_BYTES)
    except DAMAGES:
        return b""


class _Import:
    def __init__(self, writer: Writer, maker: RowMaker) -> None:
        self._writer = writer
        self._maker = maker
        self._rows: list[SpanRow] = []
        self._stored = self._duplicates = self._rejected = 0
        self._unreadable: list[int] = []

    def run(self, file: BinaryIO | gzip.GzipFile) -> Imported:
        lines = _lines(file)
        first = next(lines, b"")
        if not self._take(first):
            # Written for people: one object over many lines.
            if self._take(first + _rest(file)):
                return self._end()
            file.seek(0)
            lines = _lines(file)
            next(lines, b"")
            self._unreadable.append(1)
        for number, line in enumerate(lines, 2):
            if not self._take(line):
                self._unreadable.append(number)
        return self._end()

    def _take(self, line: bytes) -> bool:
        if not line.strip():
            return True
        try:
            decoded = decode_json(line, self._maker)
        except BadRequest:
            return False
        self._rejected += decoded.rejected.total()
        self._rows += decoded.rows
        if len(self._rows) >= BATCH_ROWS:
            self._write()
        return True

    def _write(self) -> None:
        if self._rows:
            result = self._writer.write(self._rows)
            self._stored += result.inserted
            self._duplicates += result.duplicates
            self._rows = []

    def _end(self) -> Imported:
        self._write()
        return Imported(self._stored, self._duplicates, self._rejected, tuple(self._unreadable))
