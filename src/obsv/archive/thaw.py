"""Archived calls back into a store file: every page, API and command works on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from obsv.archive.columns import from_parquet
from obsv.archive.target import Target
from obsv.errors import ForeignFile
from obsv.store.writing import Part, Writer


def thaw(
    parts: Sequence[Part],
    target: Target,
    writer: Writer,
    start_ns: int = 0,
    end_ns: int = 2**63 - 1,
    progress: Callable[[int], None] = lambda calls: None,
) -> int:
    """Store the archived calls of a range of time; returns how many there were.

    Args:
        parts: of the book that overlap the range.
        target: where they lie.
        writer: of the file to store them in; calls that are there already stay as they are.
        start_ns: earliest start, Unix time.
        end_ns: before which they started.
        progress: is told now and then how many calls are stored.

    Raises:
        ForeignFile: a part is missing, or not what was written.
        StoreError: the archive or the file cannot be used now.
    """
    calls = 0
    for part in parts:
        content = target.get(part.name)
        if content is None:
            raise ForeignFile(f"A part of the archive is missing: {part.name} in {target.url}.")
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise ForeignFile(f"A part of the archive is not what was written: {part.name} in {target.url}.")
        for rows in from_parquet(content, trusted=True):
            wanted = [row for row in rows if start_ns <= row.start_ns < end_ns]
            calls += len(wanted)
            writer.write(wanted)
            progress(calls)
    return calls
