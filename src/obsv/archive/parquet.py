"""Rows as a Parquet file, and back: one description of columns serves both ways; columns are only ever added."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import arro3.io
from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema

from obsv.errors import ForeignFile

# A reader of one function's calls or of one minute skips groups by their statistics.
ROWS_A_GROUP = 20_000
_ROWS_AT_ONCE = 8_192
_COMPRESSION = "zstd(3)"
TEXT, INT, TIME = DataType.utf8(), DataType.int64(), DataType.timestamp("us", tz="UTC")


class Column(NamedTuple):
    """A column: its content for a row, and its type."""

    name: str
    type: Any
    of: Callable[[Any], Any]


class Wanted(NamedTuple):
    """Some of the rows: those whose value in a column passes a test."""

    column: str
    test: Callable[[Any], bool]


class Columns:
    """The columns of a kind of rows.

    Args:
        columns: all, in order.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.names = tuple(column.name for column in columns)
        self.schema = Schema([Field(column.name, column.type, nullable=True) for column in columns])

    def write(self, chunks: Iterable[Sequence[Any]]) -> bytes:
        """Return a Parquet file of rows; the same rows always give the same bytes.

        Args:
            chunks: the rows in chunks: memory holds only one chunk and the compressed file.
        """
        file = io.BytesIO()
        self.write_batches(map(self._batch, chunks), file)
        return file.getvalue()

    def write_batches(self, batches: Iterable[RecordBatch], file: io.BytesIO) -> None:
        """Write a Parquet file of batches that have these columns. Raises what the making of a batch raises."""
        raised: list[Exception] = []

        def noting() -> Iterator[RecordBatch]:
            try:
                yield from batches
            except Exception as error:  # the library makes it a text
                raised.append(error)
                raise

        try:
            arro3.io.write_parquet(
                RecordBatchReader.from_batches(self.schema, noting()),
                file,
                compression=_COMPRESSION,
                max_row_group_size=ROWS_A_GROUP,
                created_by="obsv",
                writer_version="parquet_2_0",
            )
        except Exception:
            if raised:
                raise raised[0] from None
            raise

    def read(self, content: bytes, wanted: Wanted | None = None) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a Parquet file, as tuples of these columns, or those that are wanted.

        Raises:
            ForeignFile: it is not one of ours.
        """
        return read_rows(content, self.names, wanted)

    def _batch(self, rows: Sequence[Any]) -> RecordBatch:
        return RecordBatch.from_arrays([_array(column, rows) for column in self.columns], schema=self.schema)


def count_rows(content: bytes) -> int:
    """Count the rows in a Parquet file.

    Raises:
        ForeignFile: it is not one of ours.
    """
    return sum(len(rows) for rows in read_rows(content, ("id",)))


def read_rows(content: bytes, names: Sequence[str], wanted: Wanted | None = None) -> Iterator[list[tuple[Any, ...]]]:
    """Yield columns of a Parquet file, row by row; a column that an older version did not write is None.

    Args:
        content: the file.
        names: of the columns.
        wanted: which rows; None for all.

    Raises:
        ForeignFile: it is not one of ours.
    """
    try:
        reader = arro3.io.read_parquet(io.BytesIO(content), batch_size=_ROWS_AT_ONCE)
        known = reader.schema.names
        for batch in reader:
            if wanted is not None:
                chosen = [at for at, value in enumerate(batch.column(wanted.column).to_pylist()) if wanted.test(value)]
                if not chosen:
                    continue
                batch = batch.take(Array(chosen, INT))
            columns = [batch.column(name).to_pylist() if name in known else [None] * batch.num_rows for name in names]
            yield list(zip(*columns, strict=True))
    except Exception as error:
        # Errors of the reader for bytes that are not Parquet.
        raise ForeignFile(f"A part of the archive cannot be read: {str(error).partition(chr(10))[0]}") from error


def _array(column: Column, rows: Sequence[Any]) -> Array:
    values = [column.of(row) for row in rows]
    # Timestamps are created only from numbers.
    return Array(values, INT).cast(TIME) if column.type is TIME else Array(values, column.type)
