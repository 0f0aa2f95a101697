"""Stores as text: OTLP JSON, one `ExportTraceServiceRequest` per line, as written by the collector's file exporter."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from obsv.store.ground import SpanRow
from obsv.store.seam import Store
from obsv.store.spans import StoredSpan
from obsv.store.writing import Writer
from obsv.wire.encode import to_json
from obsv.wire.errors import BadRequest, TooLarge
from obsv.wire.jsonform import json_slices
from obsv.wire.rowmaker import RowMaker

LINE_SPANS = 500
BATCH_ROWS = 5_000
# An export ends a line here; only a larger single span makes a longer one.
LINE_BYTES = 4 * 2**20
# For a line, or a file that is one object over many lines: longer ones are not read into memory.
LONGEST_LINE = 32 * 2**20
GZIP_MAGIC = b"\x1f\x8b"
# Number of lines; a file with this many is not OTLP JSON, and reading stops.
MOST_UNREADABLE = 10_000
CHUNK_BYTES = 2**20
UNREADABLE = b"no JSON"
DAMAGES = (EOFError, zlib.error, gzip.BadGzipFile)


def export_trace(reader: Store, trace_id: str) -> Iterator[str]:
    """Yield the lines of one trace.

    Args:
        reader: reader of the store.
        trace_id: hex digits in any case; leading zeros may be missing.

    Raises:
        NotFound: there is no such trace, or the ID is malformed.
        StoreError: see `Store`.
    """
    spans = reader.spans_of_trace(reader.known_trace(trace_id))
    for start in range(0, len(spans), LINE_SPANS):
        yield from _lines_of(spans[start : start + LINE_SPANS])


def export_since(reader: Store, since_ns: int = 0) -> Iterator[str]:
    """Yield the lines of everything that started since a time, oldest first.

    Args:
        reader: reader of the store.
        since_ns: Unix time.

    Raises:
        StoreError: see `Store`.
    """
    for spans in reader.spans_since(since_ns, size=LINE_SPANS):
        yield from _lines_of(spans)


def _lines_of(spans: list[StoredSpan]) -> Iterator[str]:
    line = json.dumps(to_json(spans, source_text=True), ensure_ascii=False, separators=(",", ":"))
    if len(line) <= LINE_BYTES or len(spans) == 1:
        yield line
    else:
        half = len(spans) // 2
        yield from _lines_of(spans[:half])
        yield from _lines_of(spans[half:])


class Imported(NamedTuple):
    """The result of an import.

    Args:
        stored: number of new spans.
        duplicates: number of spans already present.
        rejected: number of spans that cannot be stored.
        unreadable: numbers of lines that are not OTLP JSON, too large, or cannot be decompressed, from 1.
    """

    stored: int
    duplicates: int
    rejected: int
    unreadable: tuple[int, ...]


def import_file(path: Path, writer: Writer, maker: RowMaker) -> Imported:
    """Store the spans of a file, plain or gzipped: one request per line, or one request in total.

    Args:
        path: the file.
        writer: writer of the store.
        maker: creates rows.

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
    """Yield the lines; an invalid line replaces one that is too long, and the rest of a damaged file."""
    try:
        while line := file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                while (more := file.readline(CHUNK_BYTES)) and not more.endswith(b"\n"):
                    pass
                line = UNREADABLE
            yield line
    except DAMAGES:
        yield UNREADABLE


def _rest(file: BinaryIO | gzip.GzipFile) -> bytes:
    """Return the text after the first line; empty if it is too long."""
    try:
        rest = file.read(LONGEST_LINE)
    except DAMAGES:
        return b""
    return rest if len(rest) < LONGEST_LINE else b""


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
            # Formatted for people: one object over many lines.
            if self._take(first + _rest(file)):
                return self._end()
            file.seek(0)
            lines = _lines(file)
            next(lines, b"")
            self._unreadable.append(1)
        for number, line in enumerate(lines, 2):
            if not self._take(line):
                self._unreadable.append(number)
            if len(self._unreadable) >= MOST_UNREADABLE:
                break
        return self._end()

    def _take(self, line: bytes) -> bool:
        if not line.strip():
            return True
        try:
            for decoded in json_slices(line, self._maker, LONGEST_LINE):
                self._rejected += decoded.rejected.total()
                self._rows += decoded.rows
                if len(self._rows) >= BATCH_ROWS:
                    self._write()
        except (BadRequest, TooLarge):
            return False
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
