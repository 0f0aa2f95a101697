"""The frames of a traceback: file, line, columns and name of each, limited in number, without reading a file.

The place of an instruction is computed once and cached, so a frame costs 0.2 µs; skipping one costs 0.02 µs.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import suppress
from itertools import islice
from operator import attrgetter
from types import CodeType, TracebackType
from typing import Any, TypeAlias

# (file, line, last line, first column, last column, name, source lines if only the process knows them). Columns are
# offsets in UTF-8, None before Python 3.11.
Place: TypeAlias = tuple[str, "int | None", "int | None", "int | None", "int | None", str, "str | None"]
# Places, outermost first. A positive number: the preceding place is repeated as many more times. A negative number: as
# many frames are left out; if it is the last of all, at least as many.
Places: TypeAlias = tuple["Place | int", ...]

# Files whose frames are ours; a recorded traceback shows the program as if it were not monitored.
WRAPPER_FILES: set[str] = set()

# Number of outermost and of innermost frames kept of a long traceback.
HEAD = 50
# Comparing a place with the preceding one is a step of about 0.1 µs.
_READ_STEPS = 3
_LEAP = 64
_LEAP_STEPS = 12
# 3,072 frames, 60 µs. Finding the innermost frame beyond more would cost the failing call too much.
MAX_LEAPS = 48
_MAX_PLACES = 4_096
_MAX_NAME = 1_000
_MAX_LINES = 20
_MAX_SOURCE = 2_000

_ahead: Any = attrgetter(".".join(["tb_next"] * _LEAP))
# Includes the code object, to keep its address from being reused.
_places: dict[tuple[int, int], tuple[CodeType, Place | None]] = {}
_files: dict[str, str] = {}


def places(frames: TracebackType | None, most: int = HEAD, leaps: int = MAX_LEAPS) -> Places:
    """Return the places of a traceback.

    Args:
        frames: the outermost frame.
        most: number of different places read before jumping to the innermost ones, and number read there.
        leaps: maximum number of leaps of 64 frames.
    """
    found: list[Place | int] = []
    known, steps, repeated = _places, 15 * most, 0
    place: Place | None = None
    code: CodeType | None = None
    instruction = -1
    while frames is not None and steps > 0:
        if frames.tb_lasti == instruction and frames.tb_frame.f_code is code:
            count, frames = _step_over(frames, code, instruction, repeated)
            steps -= 1 if count == 1 else _LEAP_STEPS
            if place is not None:
                repeated += count
            continue
        if len(found) >= most:
            break
        steps -= _READ_STEPS
        code, instruction = frames.tb_frame.f_code, frames.tb_lasti
        entry = known.get((id(code), instruction)) or _learn(code, instruction, frames.tb_lineno)
        frames = frames.tb_next
        if repeated:
            found.append(repeated)
            repeated = 0
        place = entry[1]
        if place is not None:
            found.append(place)
    if repeated:
        found.append(repeated)
    if frames is not None:
        _add_innermost(frames, most, leaps, found)
    return tuple(found)


def _step_over(
    frames: TracebackType, code: CodeType | None, instruction: int, repeated: int
) -> tuple[int, TracebackType | None]:
    """Return how many frames of one place follow, checking every 64th of a long recursion, and the frame after them."""
    if repeated > _LEAP:
        try:
            ahead = _ahead(frames)
            if ahead is not None and ahead.tb_lasti == instruction and ahead.tb_frame.f_code is code:
                return _LEAP, ahead
        except AttributeError:
            pass  # fewer are left
    return 1, frames.tb_next


def _add_innermost(frames: TracebackType, most: int, leaps: int, found: list[Place | int]) -> None:
    """Add the last frames, preceded by the number of frames left out."""
    left_out, behind = 0, frames
    try:
        while leaps and (ahead := _ahead(frames)) is not None:
            behind, frames, left_out, leaps = frames, ahead, left_out + _LEAP, leaps - 1
    except AttributeError:
        pass  # fewer are left
    if not leaps:
        found.append(-left_out)
        return
    if left_out:
        left_out, frames = left_out - _LEAP, behind
    last: deque[TracebackType] = deque(maxlen=most)
    rest: TracebackType | None = frames
    while rest is not None:
        last.append(rest)
        left_out += 1
        rest = rest.tb_next
    if left_out > len(last):
        found.append(len(last) - left_out)
    for frame in last:
        code, instruction = frame.tb_frame.f_code, frame.tb_lasti
        entry = _places.get((id(code), instruction)) or _learn(code, instruction, frame.tb_lineno)
        if entry[1] is not None:
            found.append(entry[1])


def _learn(code: CodeType, instruction: int, line: int | None) -> tuple[CodeType, Place | None]:
    if len(_places) >= _MAX_PLACES:
        _places.clear()
        _files.clear()
    entry = code, None if code.co_filename in WRAPPER_FILES else _place(code, instruction, line)
    # A manually created traceback has no instruction, and any line.
    if instruction >= 0:
        _places[id(code), instruction] = entry
    return entry


def _place(code: CodeType, instruction: int, line: int | None) -> Place:
    positions: tuple[int | None, ...] = (None, None, None, None)
    if sys.version_info >= (3, 11) and instruction >= 0:
        positions = next(islice(code.co_positions(), instruction // 2, None), positions)
    first, last, start, end = positions
    first = line if first is None else first
    file = _files.get(code.co_filename) or _absolute(code.co_filename)
    return file, first, last, start, end, code.co_name[:_MAX_NAME], _known_source(code.co_filename, first, last)


def _absolute(file: str) -> str:
    """Return a file's path so that another process can read it; `<string>` and similar names stay."""
    path = file[:_MAX_NAME]
    if path and path[0] != "<" and not os.path.isabs(path):
        with suppress(OSError):  # the working directory was removed
            path = os.path.abspath(path)
    _files[file] = path
    return path


def _known_source(file: str, first: int | None, last: int | None) -> str | None:
    """Return the lines of a pseudo-file, such as a notebook's cell, which other processes cannot read."""
    linecache = sys.modules.get("linecache")
    entry = None if linecache is None else linecache.cache.get(file)
    # (size, time of the last change, lines, full name); without the time there is no file.
    if (
        first is None
        or type(entry) is not tuple
        or len(entry) != 4
        or entry[1] is not None
        or type(entry[2]) is not list
    ):
        return None
    lines = entry[2][first - 1 : max(first, min(last or first, first + _MAX_LINES))]
    return "".join(line for line in lines if type(line) is str)[:_MAX_SOURCE]
