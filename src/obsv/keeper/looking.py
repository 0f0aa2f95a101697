"""The rings of a database, for readers: running calls, and calls waiting to be stored.

Read-only, while programs and a keeper continue: the result describes a moment ago.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from obsv.acting import sees_values
from obsv.capture import render
from obsv.errors import StoreError
from obsv.keeper.files import KeeperFiles
from obsv.keeper.running import Running, follow, resume
from obsv.keeper.tables import Tables, Undefined
from obsv.nouns import counted
from obsv.own_time import monotonic
from obsv.record.lane_reader import LaneReader
from obsv.record.layout import CALL, END, IS_ELSEWHERE, LOG, NEW_PREFIX, READ_BEGIN, SPAN
from obsv.record.reader import RingReader
from obsv.record.values import BadValues, loads
from obsv.semconv import SERVICE_NAME
from obsv.store import Reader
from obsv.store.ground import MASK, RingProgress

# Half a million records.
_LIMIT_S = 1.0
_MOST_RINGS = 1_000
_TRIES = 3
_STORED = "select ring, calls, errors, stored, unreadable, open_at, open from ring where ring = ?"


class RunningCall(NamedTuple):
    """A call that has begun and not ended.

    Args:
        process: `module.qualname`.
        trace_id, span_id: hex digits.
        start_ns: Unix time.
        thread: name of its thread.
        depth: 0 for a root.
        inputs: names and texts of the arguments.
    """

    process: str
    trace_id: str
    span_id: str
    start_ns: int
    thread: str
    depth: int
    inputs: tuple[tuple[str, str], ...]


class RunningProcess(NamedTuple):
    """A recording process and its running calls.

    Args:
        pid: process ID.
        service: the resource attribute `service.name`.
        is_alive: False if it has ended and is not completely stored yet.
        calls: oldest first.
    """

    pid: int
    service: str
    is_alive: bool
    calls: tuple[RunningCall, ...]


class Pending(NamedTuple):
    """Calls that are recorded but not stored.

    Args:
        calls: number of calls.
        is_exact: False if there were too many to count, and the number is estimated from their bytes.
    """

    calls: int
    is_exact: bool = True

    def __str__(self) -> str:
        calls = counted(self.calls, "call")
        return calls if self.is_exact else f"about {calls}"


def pending(db: str | os.PathLike[str]) -> Pending:
    """Return the number of calls that wait to be stored.

    Args:
        db: path of the database.
    """
    deadline = monotonic() + _LIMIT_S
    total, is_exact = 0, True
    for reader in readers(db):
        for lane, stored in (
            (reader.errors, reader.about.errors_position),
            (reader.calls, reader.about.calls_position),
        ):
            lane.go_to(stored)
            calls, is_whole = _count(lane, deadline)
            total, is_exact = total + calls, is_exact and is_whole
    return Pending(total, is_exact)


def running(db: str | os.PathLike[str]) -> list[RunningProcess]:
    """Return the processes that record into a database, each with its running calls.

    Args:
        db: path of the database; it may not exist yet.
    """
    deadline = monotonic() + _LIMIT_S
    store = Reader(Path(db))
    try:
        return [_process(reader, store, deadline) for reader in readers(db)]
    finally:
        store.close()


def readers(db: str | os.PathLike[str]) -> Iterator[RingReader]:
    """Yield each readable ring of a database; it is closed afterwards."""
    directory = Path(KeeperFiles.of(db).rings)
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    names = [name for name in names if not name.startswith(("keeper.", NEW_PREFIX))]
    for name in names[:_MOST_RINGS]:
        try:
            reader = RingReader.of_files(directory / name, writable=False)
        except OSError:
            continue
        try:
            yield reader
        finally:
            reader.close()


def _count(lane: LaneReader, deadline: float) -> tuple[int, bool]:
    calls = size = 0
    while (piece := lane.read(is_final=False)) is not None:
        data = piece.data
        size += len(data)
        for kind, start, _ in piece.records:
            if kind in (CALL, SPAN, LOG) or (kind == END and not data[start + 10] & IS_ELSEWHERE):
                calls += 1
        if monotonic() > deadline:
            return calls + round(lane.unread_bytes() * calls / max(1, size)), False
    return calls, True


def _process(reader: RingReader, store: Reader, deadline: float) -> RunningProcess:
    found: Running = {}
    for _ in range(_TRIES):
        stored = _stored(store, reader)
        found = _running(reader, stored, deadline)
        again = _stored(store, reader)
        if (stored and stored.open_at) == (again and again.open_at):
            break  # otherwise a keeper has returned the segments to read meanwhile
    tables = Tables(reader.names)
    calls = [call for head, inputs in found.values() if (call := _call(tables, reader.about.offset, head, inputs))]
    calls.sort(key=lambda call: call.start_ns)
    return RunningProcess(reader.about.pid, _service(tables), reader.is_alive(), tuple(calls))


def _running(reader: RingReader, stored: RingProgress | None, deadline: float) -> Running:
    found: Running = {}
    if stored is None:
        reader.calls.go_to(0)
    else:
        resume(reader.calls, stored, found)
    while (piece := reader.calls.read(is_final=False)) is not None and monotonic() < deadline:
        follow(found, piece.data, piece.records)
    return found


def _stored(store: Reader, reader: RingReader) -> RingProgress | None:
    assert reader.directory is not None
    try:
        row = store.one(_STORED, (reader.directory.name,))
    except StoreError:  # there is no file yet, or one of an older version
        return None
    return None if row is None else RingProgress(*row)


def _service(tables: Tables) -> str:
    try:
        return str(tables.origin(1).resource.attributes.get(SERVICE_NAME, "unknown_service"))
    except Undefined:
        return "unknown_service"


def _call(tables: Tables, offset: int, head: bytes, packed: bytes) -> RunningCall | None:
    _, _, _, _, _, depth, trace_id, span_id, _, start, number, _, thread, _ = READ_BEGIN.unpack(head)
    try:
        function, values = tables.function(number), loads(packed)
        named = [*zip(function.inputs, values, strict=False)]
        if function.has_keywords and len(values) > len(function.inputs):
            named += values[-1]
        redact, limit = function.redactor.redact_value, function.max_repr
        is_masked = not sees_values()
        inputs = tuple((str(name), MASK if is_masked else redact(render(value, limit))) for name, value in named)
        thread_name = tables.thread(thread)[1]
    except (Undefined, BadValues, TypeError, ValueError):
        return None
    return RunningCall(function.name, trace_id.hex(), span_id.hex(), start + offset, thread_name, depth, inputs)
