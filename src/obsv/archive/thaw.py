"""Restoring of archived rows into a store file, on which every page, API and command works."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from obsv.archive.kinds import kind_named
from obsv.archive.target import Targets
from obsv.errors import ForeignFile
from obsv.store.writing import CALLS, Part, Writer


def thaw(
    parts: Sequence[Part],
    targets: Targets,
    writer: Writer,
    start_ns: int = 0,
    end_ns: int = 2**63 - 1,
    progress: Callable[[int], None] = lambda calls: None,
) -> int:
    """Store the archived rows of a time range; return the number of calls.

    Args:
        parts: registered parts that overlap the range.
        targets: where they are.
        writer: writer of the file to store them in; existing calls stay unchanged.
        start_ns: earliest start, Unix time.
        end_ns: end of the range, exclusive.
        progress: called with the number of stored calls from time to time.

    Raises:
        ForeignFile: a part is missing or damaged.
        StoreError: the archive or the file is not available.
    """
    calls = 0
    for part in parts:
        content = targets.at(part.url).get(part.name)
        if content is None:
            raise ForeignFile(f"A part of the archive is missing: {part.name} in {part.url}.")
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise ForeignFile(f"A part of the archive is damaged: {part.name} in {part.url}.")
        kind = kind_named(part.kind)
        for rows in kind.read(content, None):
            wanted = [row for row in rows if start_ns <= kind.time_of(row) < end_ns]
            kind.store(writer, wanted)
            if part.kind == CALLS:
                calls += len(wanted)
                progress(calls)
    return calls
