"""Calls as Parquet columns, and back. One row per call, readable without obsv; columns are only ever added."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import arro3.io
from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema

from obsv.errors import ForeignFile
from obsv.store import Code, Signature, Source, SpanRow
from obsv.store.ground import Weight, counted, machine_mark, sampled
from obsv.store.spans import ArchivedSpan

# A reader of one function's calls or of one minute skips groups by their statistics.
ROWS_A_GROUP = 20_000
_COMPRESSION = "zstd(3)"


class Column(NamedTuple):
    """A column: its content for a call, and its type."""

    name: str
    type: Any
    of: Callable[[ArchivedSpan], Any]


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


_TEXT, _INT, _TIME = DataType.utf8(), DataType.int64(), DataType.timestamp("us", tz="UTC")
COLUMNS: tuple[Column, ...] = (
    Column("id", _INT, lambda each: each.span.id),
    Column("ts", _TIME, lambda each: each.span.start_ns // 1_000),
    Column("start_ns", _INT, lambda each: each.span.start_ns),
    Column("duration_ns", _INT, lambda each: each.span.duration_ns),
    Column("status", _TEXT, lambda each: "ERR" if each.span.status == 2 else "OK"),
    Column("status_code", _INT, lambda each: each.span.status),
    Column("process", _TEXT, lambda each: each.span.name),
    Column("process_group", _TEXT, lambda each: each.span.process_group),
    Column("service", _TEXT, lambda each: each.span.service),
    Column("trace_id", _TEXT, lambda each: each.span.trace_id.hex()),
    Column("span_id", _TEXT, lambda each: each.span.span_id.hex()),
    Column("parent_span_id", _TEXT, lambda each: _hex(each.span.parent_span_id)),
    Column("depth", _INT, lambda each: each.span.depth),
    Column("kind", _INT, lambda each: each.span.kind),
    Column("feed", _TEXT, lambda each: each.span.feed),
    Column("exception", _TEXT, lambda each: each.span.exception),
    Column("fields", _TEXT, lambda each: each.span.fields),
    Column("data", _TEXT, lambda each: each.span.data),
    Column("detail", _TEXT, lambda each: each.span.detail),
    Column("cpu_ns", _INT, lambda each: each.span.cpu_ns),
    Column("memory_bytes", _INT, lambda each: each.span.memory_bytes),
    Column("thread_id", _INT, lambda each: each.span.thread_id),
    Column("thread_name", _TEXT, lambda each: each.span.thread_name),
    Column("file_path", _TEXT, lambda each: each.span.file_path),
    Column("line_number", _INT, lambda each: each.span.line_number),
    Column("source_text", _TEXT, lambda each: each.span.source_text),
    Column("resource", _TEXT, lambda each: each.span.resource),
    Column("scope", _TEXT, lambda each: each.span.scope),
    Column("origin", _TEXT, lambda each: each.origin),
    Column("weight", _INT, lambda each: each.weight),
)
SCHEMA = Schema([Field(column.name, column.type, nullable=True) for column in COLUMNS])


def to_parquet(chunks: Iterable[Sequence[ArchivedSpan]]) -> bytes:
    """Return a Parquet file of calls; the same calls always give the same bytes.

    Args:
        chunks: the calls in chunks: memory holds only one chunk and the compressed file.
    """
    file = io.BytesIO()
    reader = RecordBatchReader.from_batches(SCHEMA, map(_batch, chunks))
    arro3.io.write_parquet(
        reader,
        file,
        compression=_COMPRESSION,
        max_row_group_size=ROWS_A_GROUP,
        created_by="obsv",
        writer_version="parquet_2_0",
    )
    return file.getvalue()


def count_rows(content: bytes) -> int:
    """Count the calls in a Parquet file.

    Raises:
        ForeignFile: it is not one of ours.
    """
    return sum(len(rows) for rows in read_rows(content, ("id",)))


def from_parquet(content: bytes, trusted: bool) -> Iterator[list[SpanRow]]:
    """Yield the calls in a Parquet file as rows of the store.

    Args:
        content: the file.
        trusted: whether the file is known to be as this store wrote it; calls of any other count as received.

    Raises:
        ForeignFile: it is not one of ours.
    """
    seen = _Seen(machine_mark() if trusted else None)
    for rows in read_rows(content, tuple(column.name for column in COLUMNS)):
        yield [seen.row(row) for row in rows]


def read_rows(content: bytes, names: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield columns of a Parquet file, row by row; a column that an older version did not write is None.

    Raises:
        ForeignFile: it is not one of ours.
    """
    try:
        reader = arro3.io.read_parquet(io.BytesIO(content))
        known = reader.schema.names
        for batch in reader:
            columns = [batch.column(name).to_pylist() if name in known else [None] * batch.num_rows for name in names]
            yield list(zip(*columns, strict=True))
    except Exception as error:
        # Errors of the reader for bytes that are not Parquet.
        raise ForeignFile(f"A part of the archive cannot be read: {str(error).partition(chr(10))[0]}") from error


def _batch(spans: Sequence[ArchivedSpan]) -> RecordBatch:
    return RecordBatch.from_arrays([_array(column, spans) for column in COLUMNS], schema=SCHEMA)


def _array(column: Column, spans: Sequence[ArchivedSpan]) -> Array:
    values = [column.of(span) for span in spans]
    # Timestamps are created only from numbers.
    return Array(values, _INT).cast(_TIME) if column.type is _TIME else Array(values, column.type)


def _fields(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(kind)) for name, kind in json.loads(text))


_SIGNATURE = (
    "service", "process", "process_group", "kind", "fields", "file_path", "line_number", "source_text", "feed",
)  # fmt: skip


def _weight(has: dict[str, Any]) -> Weight | None:
    """Return the weight of a restored row in the rollups."""
    if not has["weight"]:
        names = [name for name, _ in _fields(has["fields"])]
        return None if has["weight"] is None else counted(dict(zip(names, json.loads(has["data"]), strict=False)))
    return sampled(has["weight"], has["duration_ns"])


class _Seen:
    """A cache of signatures and origins, which are compared by identity.

    Args:
        own: mark of this machine, whose calls are its own; None trusts none.
    """

    def __init__(self, own: str | None) -> None:
        self._own = own
        self._signatures: dict[Any, Signature] = {}
        self._sources: dict[Any, Source] = {}

    def row(self, values: tuple[Any, ...]) -> SpanRow:
        has = dict(zip((column.name for column in COLUMNS), values, strict=True))
        thread = None if has["thread_id"] is None else (has["thread_id"], has["thread_name"] or "")
        parent = has["parent_span_id"]
        return SpanRow(
            self._signature(has),
            self._source(has),
            bytes.fromhex(has["trace_id"]),
            bytes.fromhex(has["span_id"]),
            bytes.fromhex(parent) if parent else None,
            None,
            has["start_ns"],
            has["duration_ns"],
            thread,
            has["status_code"],
            has["depth"],
            has["data"],
            has["cpu_ns"],
            has["memory_bytes"],
            has["exception"],
            has["detail"],
            None,
            _weight(has),
        )

    def _signature(self, has: dict[str, Any]) -> Signature:
        key = tuple(has[name] for name in _SIGNATURE)
        found = self._signatures.get(key)
        if found is None:
            service, name, group, kind, fields, path, line, source, feed = key
            code = Code(path, line, source or "") if path is not None and line is not None else None
            found = self._signatures[key] = Signature(service, name, group, kind, _fields(fields), code, feed)
        return found

    def _source(self, has: dict[str, Any]) -> Source:
        received = self._own is None or has["origin"] != self._own
        key = has["service"], has["resource"], has["scope"], received
        found = self._sources.get(key)
        if found is None:
            found = self._sources[key] = Source(*key)
        return found
