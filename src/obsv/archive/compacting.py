"""Merging of small parts of past days into large ones: object stores and readers take few large files better.

The new part is written, verified and registered in the transaction that removes the old ones from the catalog. Their
files are deleted an hour later, when nobody reads them any more.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import arro3.io
from arro3.core import Array, RecordBatch

from obsv.archive.kinds import Kind, kind_named
from obsv.archive.part import name_of, start_of
from obsv.errors import ForeignFile
from obsv.store.ground import HOUR_NS
from obsv.store.writing import ArchiveFacts, Part

# Readers of Parquet work best with some tens of megabytes; memory holds this much, twice.
LARGE_BYTES = 32 << 20
_DAY_NS = 24 * HOUR_NS
_ROWS_AT_ONCE = 8_192


def groups(parts: Sequence[Part], before_ns: int, large_bytes: int = LARGE_BYTES) -> list[list[Part]]:
    """Return the parts to be merged, in groups; pure.

    Args:
        parts: all parts, of each kind in order of arrival.
        before_ns: days that ended before are complete, Unix time.
        large_bytes: size from which on a part is large enough.
    """
    found: list[list[Part]] = []
    group: list[Part] = []
    for part in parts:
        is_next = group and group[0].kind == part.kind and _day(group[0]) == _day(part)
        if not is_next or sum(each.size for each in group) >= large_bytes:
            found.append(group)
            group = []
        if (_day(part) + 1) * _DAY_NS <= before_ns and part.size < large_bytes:
            group.append(part)
        elif group:
            found.append(group)
            group = []
    found.append(group)
    return [group for group in found if len(group) > 1]


def merge(group: Sequence[Part], contents: Iterable[bytes], archive: ArchiveFacts) -> tuple[Part, bytes]:
    """Return the part that has the rows of several, in their order, and its file.

    Args:
        group: the parts.
        contents: their files, read one after the other.
        archive: names the store.

    Raises:
        ForeignFile: a file does not have the rows that its part should have.
    """
    kind = kind_named(group[0].kind)
    counted = [0]
    file = io.BytesIO()
    kind.columns.write_batches(_batches(kind, contents, counted), file)
    content, first, last = file.getvalue(), group[0], group[-1]
    if counted[0] != sum(part.calls for part in group):
        raise ForeignFile(f"Parts of the archive from {first.name} on do not have the rows that they should have.")
    sha256 = hashlib.sha256(content).hexdigest()
    start_ns = start_of(first)
    name = name_of(kind.name, archive.store_id, first.first_id, last.last_id, start_ns, sha256, archive.steps)
    return (
        Part(
            name,
            first.first_id,
            last.last_id,
            counted[0],
            sum(part.errors for part in group),
            min(part.min_ns for part in group),
            max(part.max_ns for part in group),
            len(content),
            sha256,
            kind.name,
        ),
        content,
    )


def _batches(kind: Kind, contents: Iterable[bytes], counted: list[int]) -> Iterator[RecordBatch]:
    for content in contents:
        reader = arro3.io.read_parquet(io.BytesIO(content), batch_size=_ROWS_AT_ONCE)
        known = reader.schema.names
        for batch in reader:
            counted[0] += batch.num_rows
            yield RecordBatch.from_arrays(
                [_column(batch, column, known) for column in kind.columns.columns], schema=kind.columns.schema
            )


def _column(batch: Any, column: Any, known: Sequence[str]) -> Any:
    if column.name in known:
        return batch.column(column.name)
    return Array([None] * batch.num_rows, column.type)


def _day(part: Part) -> int:
    return start_of(part) // _DAY_NS
