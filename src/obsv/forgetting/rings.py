"""The rings of recording programs: what they hold is stored before a search, and overwritten after it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from obsv.errors import StoreUnavailable
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import LockUnsupported
from obsv.keeper.looking import readers
from obsv.keeper.options import Options
from obsv.keeper.process import drain
from obsv.own_files import open_own
from obsv.record.lane_reader import LaneReader
from obsv.record.layout import (
    BEGIN,
    CALL,
    CALLS,
    END,
    ERRORS,
    HEAD,
    HEAD_SIZES,
    IS_ELSEWHERE,
    LOG,
    MAX_SEGMENT,
    READ,
    READ_BEGIN,
    SEGMENT_HEADER,
    SPAN,
    check_of,
    place,
)
from obsv.record.scan import scan
from obsv.store.writing import ForgetBook

_PATIENCE_S = 30.0
_LOOK_S = 0.05
_AT_PARTS = 10


def store_all(db: Path) -> int:
    """Wait until everything that is recorded now is stored; return the time until which that is, Unix time.

    Without a keeper it is stored here.

    Raises:
        StoreUnavailable: the keeper does not store it.
    """
    files, now_ns = KeeperFiles.of(db), time.time_ns()
    if not Path(files.rings).is_dir():
        return now_ns
    ends = _ends(db)
    deadline = time.monotonic() + _PATIENCE_S
    with contextlib.suppress(LockUnsupported, OSError):
        if drain(files, Options(writer="process")):
            return now_ns
    while _is_waiting(db, ends):
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"The keeper of {db} has not stored what was recorded within {_PATIENCE_S:.0f} s: see {files.log}, and "
                "repeat the command."
            )
        time.sleep(_LOOK_S)
    return now_ns


def overwrite(db: Path, book: ForgetBook, identities: Collection[bytes]) -> None:
    """Overwrite the content of records that are stored, in the files of running programs and in the database."""
    for ring, old in book.open_calls():
        new = b"".join(
            old[start:stop]
            for kind, start, stop in scan(old, 0)
            if kind == BEGIN and b"".join(READ_BEGIN.unpack_from(old, start)[6:8]) not in identities
        )
        if new != old:
            book.replace_open_calls(ring, old, new)
    rings = Path(KeeperFiles.of(db).rings)
    for ring, positions in book.stored_positions().items():
        for lane, position in zip((CALLS, ERRORS), positions, strict=True):
            with contextlib.suppress(OSError):  # its program has ended, or the segment was given back
                _overwrite(rings / ring, lane, position)


def _ends(db: Path) -> dict[str, tuple[int, int]]:
    """Return the positions behind the records that are there now, by ring."""
    found = {}
    for reader in readers(db):
        assert reader.directory is not None
        ends = []
        about = reader.about
        for lane, stored in ((reader.calls, about.calls_position), (reader.errors, about.errors_position)):
            lane.go_to(stored)
            while lane.read(is_final=False) is not None:
                pass
            ends.append(lane.position)
        found[reader.directory.name] = ends[0], ends[1]
    return found


def _is_waiting(db: Path, ends: Mapping[str, tuple[int, int]]) -> bool:
    for reader in readers(db):
        assert reader.directory is not None
        until = ends.get(reader.directory.name, (0, 0))
        for lane, stored, end in (
            (reader.calls, reader.about.calls_position, until[0]),
            (reader.errors, reader.about.errors_position, until[1]),
        ):
            if stored < end and _has_ends(lane, stored, end):
                return True
    return False


def _has_ends(lane: LaneReader, stored: int, end: int) -> bool:
    """Return whether a call has ended between two positions: begins alone are not stored."""
    lane.go_to(stored)
    while lane.position < end and (piece := lane.read(is_final=False)) is not None:
        if any(_is_end(piece.data, kind, start) for kind, start, _ in piece.records):
            return True
    return False


def _is_end(data: bytes, kind: int, start: int) -> bool:
    return kind in (CALL, SPAN, LOG) or (kind == END and not data[start + _AT_PARTS] & IS_ELSEWHERE)


def _overwrite(ring: Path, lane: str, position: int) -> None:
    """Overwrite the values in the records of a segment before a position, but of calls that have only begun."""
    number, until = place(position)
    path = ring / f"{lane}.{number}"
    try:
        descriptor = open_own(str(path), os.O_RDWR, MAX_SEGMENT)
    except FileNotFoundError:
        descriptor = open_own(f"{path}{READ}", os.O_RDWR, MAX_SEGMENT)
    try:
        data = os.pread(descriptor, until, 0)
        records = list(scan(data, SEGMENT_HEADER))
        ended = {data[start + 16 : start + 24] for kind, start, _ in records if kind == END}
        for kind, start, stop in records:
            if kind == BEGIN and data[start + 32 : start + 40] not in ended:
                continue
            fixed = HEAD_SIZES.get(kind, HEAD.size)
            blank = bytes(stop - start - fixed)
            size, _, _ = HEAD.unpack_from(data, start)
            head = HEAD.pack(size, check_of(blank), kind) + data[start + HEAD.size : start + fixed]
            if blank:
                os.pwrite(descriptor, head + blank, start)
    finally:
        os.close(descriptor)
