"""The calls of a ring that have begun and not ended, from its records."""

from __future__ import annotations

from typing import TypeAlias

from obsv.record.lane_reader import CHUNK, LaneReader
from obsv.record.layout import BEGIN, BEGIN_HEAD, END, place
from obsv.record.scan import scan
from obsv.store.ground import RingProgress

# By span ID: the fixed part of the record, the packed arguments.
Running: TypeAlias = dict[bytes, tuple[bytes, bytes]]


def follow(running: Running, data: bytes, records: list[tuple[int, int, int]]) -> None:
    """Apply begin and end records.

    Args:
        running: is updated.
        data: contains the records.
        records: kind, start and stop of each.
    """
    for kind, start, stop in records:
        if kind == BEGIN:
            at = start + BEGIN_HEAD.size
            running[data[start + 32 : start + 40]] = data[start:at], data[at:stop]
        elif kind == END:
            running.pop(data[start + 16 : start + 24], None)


def resume(calls: LaneReader, stored: RingProgress, running: Running) -> int:
    """Go to the stored position of a lane of calls, and find the running calls.

    Args:
        calls: at `stored.calls` afterwards.
        stored: the progress stored last; it includes running calls as of an earlier position.
        running: is filled.

    Returns:
        The segment of that earlier position.
    """
    if stored.open is not None:
        follow(running, stored.open, list(scan(stored.open, 0)))
    calls.go_to(stored.open_at or 0)
    open_in = place(calls.position)[0]
    there, until = place(stored.calls)
    while calls.position < stored.calls:
        # Not beyond that position: later records become rows.
        most = CHUNK if place(calls.position)[0] < there else max(1, until - place(calls.position)[1])
        piece = calls.read(is_final=False, limit=min(CHUNK, most))
        if piece is None:
            calls.go_to(stored.calls)
            break
        follow(running, piece.data, piece.records)
    return open_in
