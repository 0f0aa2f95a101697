"""Parsing of an exception's text: the exception, its causes, and its frames.

Every row has this text, from any source: a call of ours, a span received over OTLP, or the stack trace of another
language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from obsv.store.ground.exceptions import raised_line

_LINK = re.compile(
    r"\n\n(The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\n\n"
)
_FRAME = re.compile(r'  File "(.*)", line (\d+), in (.*)')
_PLAIN = re.compile(r"Traceback \(most recent call last\):\n(?: .*\n)+")
_MARKERS = re.compile(r"[\s~^]*")
_GROUP = "Exception Group Traceback"
# Prefix of each line in an exception group's text, and the lines between its members.
_MARGIN = re.compile(r"^ *[|+] ?", re.MULTILINE)
_BETWEEN = re.compile(r"^ *(?:\+-)?\+-{8,}.*$", re.MULTILINE)
_HEADER = "Traceback (most recent call last):"
# `at shop.Order.total(Order.java:12)`, `at total (/app/order.js:1:2)`.
_OTHER_FRAME = re.compile(r"^\s+at (.+)$", re.MULTILINE)
_OTHER_CAUSE = re.compile(r"^Caused by: ([\w.$]+)", re.MULTILINE)
_OTHER_LIBRARY = re.compile(r"(?:java|javax|jdk|sun|System|Microsoft|async node:|node:)|.*(?:node_modules/|\(node:)")
_PLACE = re.compile(r":\d+|\bline \d+|0x[0-9a-f]+")
_LIBRARY = re.compile(r"[\\/](?:(?:site|dist)-packages|lib(?:64)?[\\/]python\d(?:\.\d+)?|lib[\\/]\w+\.zip)[\\/]")
_MOST_FRAMES = 200
_MOST_CHARS = 100_000


class Frame(NamedTuple):
    """A frame that an exception passed.

    Args:
        file: path as the interpreter knows it.
        line: line number, from 1.
        function: name of the function, without its class.
        text: the source lines in the traceback.
    """

    file: str
    line: int
    function: str
    text: str


class Fault(NamedTuple):
    """The content of an exception's text.

    Args:
        type: the exception class as named in the text; empty if there is none.
        message: first line of the message.
        cause: class of the direct cause; empty without one.
        frames: frames of the raised exception, outermost first; none if the text is not Python's.
        mark: mark of all its frames with the exception; 0 if there are none. See `below`.
        below: marks that it has if it passed through other recorded calls before: those of each suffix of its frames,
            of
            the exceptions that it came from, and of the members of a group.
        tail: mark of its innermost frame alone.
        stack: frames of another language, as lines without their numbers.
    """

    type: str
    message: str
    cause: str
    frames: list[Frame]
    mark: int
    below: frozenset[int]
    tail: int
    stack: list[str]


def places_of(text: str) -> tuple[str, str] | None:
    """Return the location part of a plain traceback (everything but its message), and the exception class.

    Errors that differ only in their messages share it. None for an exception with causes, for a group, and for anything
    else.
    """
    where = _PLAIN.match(text)
    if where is None or text.find("Traceback", where.end()) >= 0:
        return None
    return where[0], text[where.end() : text.find("\n", where.end()) % (len(text) + 1)].partition(": ")[0]


def read_fault(text: str) -> Fault:
    """Parse an exception's text; accepts any text and never raises."""
    text = text[:_MOST_CHARS]
    kind, _, message = raised_line(text).partition(": ")
    if _HEADER not in text:
        causes = _OTHER_CAUSE.findall(text)
        return Fault(kind, message, causes[-1] if causes else "", [], 0, frozenset(), 0, _other_frames(text))
    parts = _LINK.split(text)
    cause = raised_type(parts[-3]) if len(parts) > 2 and parts[-2].startswith("The above") else ""
    frames = list(_frames(_without_margin(parts[-1])))
    marks = _marks(kind, frames)
    below = set(marks)
    if len(parts) > 1 or _GROUP in text:
        for section in _without_margin(text).split(_HEADER)[1:]:
            section = _HEADER + section
            below.update(_marks(raised_type(section), list(_frames(section))))
    below -= set(marks[:1])
    mark, tail = (marks[0], marks[-1]) if marks else (0, 0)
    return Fault(kind, message, cause, frames, mark, frozenset(below), tail, [])


def _without_margin(text: str) -> str:
    return _MARGIN.sub("", _BETWEEN.sub("\n\n", text)) if _GROUP in text else text


def raised_type(text: str) -> str:
    """Return the class that a traceback ends with."""
    return raised_line(text).partition(": ")[0]


@lru_cache(4_096)
def is_library(path: str) -> bool:
    """Return whether a file belongs to the interpreter or an installed package rather than to the program."""
    return path.startswith(("<frozen ", "<string>", "<attrs ")) or bool(_LIBRARY.search(path))


def _frames(section: str) -> Iterator[Frame]:
    lines = section.split("\n")
    at = next((number for number, line in enumerate(lines) if line.endswith(_HEADER) or _GROUP in line), -1) + 1
    found: list[str] | None = None
    texts: list[str] = []
    for line in lines[at:]:
        place = _FRAME.fullmatch(line) if line.startswith("  File ") else None
        if place is not None:
            if found is not None:
                yield Frame(found[0], int(found[1]), found[2], "\n".join(texts))
            found, texts = [place[1], place[2][:9], place[3]], []
        elif line.startswith("    "):
            if not _MARKERS.fullmatch(line):
                texts.append(line.strip())
        elif not line.startswith("  ["):
            break
    if found is not None:
        yield Frame(found[0], int(found[1]), found[2], "\n".join(texts))


def _marks(kind: str, frames: list[Frame]) -> list[int]:
    """Return a number for each suffix of the frames with the exception, the longest suffix first."""
    mark = crc32(kind.encode("utf-8", "replace"))
    marks = []
    for file, line, function, _ in reversed(frames[-_MOST_FRAMES:]):
        mark = crc32(f"{file}\0{line}\0{function}".encode("utf-8", "replace"), mark)
        marks.append(mark)
    marks.reverse()
    return marks


def _other_frames(text: str) -> list[str]:
    found = [frame[:200] for frame in _OTHER_FRAME.findall(text)[:_MOST_FRAMES]]
    return [_PLACE.sub("", frame) for frame in found if not _OTHER_LIBRARY.match(frame)]
