"""The text of a frozen exception, as Python prints one; formatted by the code that stores or shows it.

    text = render(frozen)

Pure, except that it reads source files. An exception with odd parts loses these, never its type and message.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from traceback import FrameSummary, StackSummary, TracebackException
from typing import Any

from obsv.capture.error import CAUSE, FrozenError
from obsv.capture.frames import Place, Places
from obsv.capture.message import cut_middle
from obsv.source_lines import SourceFiles

_MAX_TEXT = 100_000
_MAX_DEPTH = 10
_MAX_LINES = 20
# Python shows this many repetitions of a line.
_SAME = 3

# In SQLite's functions, and in C code, a text ends at a NUL: no search would find what comes after it.
_NO_NUL = "\ufffd"
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
_DURING = "\nDuring handling of the above exception, another exception occurred:\n\n"

_sources = SourceFiles()


def render(frozen: FrozenError, at_ns: int | None = None) -> str:
    """Return the traceback of an exception with its causes, not redacted.

    Args:
        frozen: the result of `obsv.capture.error.freeze`, or the same after `marshal`.
        at_ns: when it was raised, Unix time in nanoseconds; lines of files that changed later are not shown.

    Returns:
        At most about 100,000 characters, with the middle of a longer text left out.
    """
    try:
        text = "".join(_Text(at_ns).chain(frozen))
    except Exception as fault:  # the interpreter's formatter takes much for granted
        kind, message, *_ = frozen
        text = f"{kind}: {message}\n[Its places and causes cannot be shown: {type(fault).__name__}]\n"
    return cut_middle(text.lstrip("\n").replace("\0", _NO_NUL), _MAX_TEXT)


class _Text:
    """A formatter of one frozen exception, with its causes and members.

    Args:
        at_ns: when it was raised.
    """

    def __init__(self, at_ns: int | None) -> None:
        self._at_ns = at_ns
        self._depth, self._is_open = 0, False

    def chain(self, frozen: FrozenError) -> Iterator[str]:
        """Yield an exception after its causes, the far end first."""
        parts: list[FrozenError | str] = [frozen]
        is_next = True
        for link in (frozen[3] or {}).get("from", ()):
            if type(link) is int:
                parts.append(f"\n[{_count(link, 'exception')} of the chain left out]\n\n")
                is_next = False
                continue
            if is_next:
                parts.append(_CAUSED if link[0] == CAUSE else _DURING)
            parts.append(link[1])
            is_next = True
        for part in reversed(parts):
            yield from self._emit(part) if isinstance(part, str) else self._one(part)

    def _emit(self, text: str, margin: str = "|") -> Iterator[str]:
        if not self._depth:
            yield text
            return
        start = f"{'  ' * self._depth}{margin} "
        yield from (f"{start}{line}" for line in text.splitlines(keepends=True))

    def _one(self, frozen: FrozenError) -> Iterator[str]:
        places, rest = frozen[2], frozen[3] or {}
        members = rest.get("members")
        if members is not None and self._depth > _MAX_DEPTH:
            yield from self._emit(f"... (max_group_depth is {_MAX_DEPTH})\n")
            return
        is_outermost = bool(members) and not self._depth
        self._depth += is_outermost
        if places:
            title = "Exception Group Traceback" if members else "Traceback"
            yield from self._emit(f"{title} (most recent call last):\n", "+" if is_outermost else "|")
            yield from self._emit("".join(self._places(places)))
        yield from self._emit("".join(_said(frozen)))
        if members:
            yield from self._members(members, rest.get("others", 0))
        self._depth -= is_outermost

    def _members(self, members: list[FrozenError], others: int) -> Iterator[str]:
        count = len(members) + bool(others)
        self._is_open = False
        for index in range(count):
            is_last = index == count - 1
            self._is_open = self._is_open or is_last
            title = str(index + 1) if index < len(members) else "..."
            yield f"{'  ' * self._depth}{'  ' if index else '+-'}+---------------- {title} ----------------\n"
            self._depth += 1
            if index < len(members):
                yield from self.chain(members[index])
            else:
                yield from self._emit(f"and {others} more exception{'s' if others > 1 else ''}\n")
            if is_last and self._is_open:
                yield f"{'  ' * self._depth}+------------------------------------\n"
                self._is_open = False
            self._depth -= 1

    def _places(self, places: Places) -> Iterator[str]:
        before: tuple[Any, ...] = ()
        place: Place | None = None
        same = 0
        for index, entry in enumerate(places, 1):
            if isinstance(entry, int) and entry < 0:
                yield from _repeated(same)
                before, same = (), 0
                # After the last place shown, the rest was not counted completely.
                yield f"  [{_count(entry if index == len(places) else -entry, 'frame')} left out]\n"
                continue
            times = 1
            if isinstance(entry, int):
                times = entry
            else:
                place = entry
            if place is None:
                continue
            if (place[0], place[1], place[5]) != before:
                yield from _repeated(same)
                before, same = (place[0], place[1], place[5]), 0
            yield self._place(place) * min(times, max(_SAME - same, 0))
            same += times
        yield from _repeated(same)

    def _place(self, place: Place) -> str:
        file, first, last, start, end, name, known = place
        lines, remark = ([known], "") if known is not None else self._lines(file, first, last)
        columns: Any = {} if start is None or not lines else {"end_lineno": last, "colno": start, "end_colno": end}
        summary: Any = FrameSummary(file, first, name, lookup_line=False, line=_source(lines), **columns)
        return f"{StackSummary.from_list([summary]).format()[0]}{remark}"

    def _lines(self, file: str, first: int | None, last: int | None) -> tuple[list[str], str]:
        """Return the lines of a place, or a note on why they are missing."""
        # Such as `<string>`, which is not a file.
        if not first or file.startswith("<"):
            return [], ""
        source = _sources.read(file)
        if source is None:
            return [], "    [no source file]\n"
        if len(source.lines) < first or (self._at_ns is not None and source.changed_ns > self._at_ns):
            return [], "    [the file has changed since]\n"
        return source.lines[first - 1 : max(first, min(last or first, first + _MAX_LINES))], ""


def _source(lines: list[str]) -> str:
    """Return lines in the form of the interpreter's formatter: all of a place from 3.13 on, the first one before."""
    if sys.version_info < (3, 13):
        # With a line end, because its width counts.
        return "".join(lines[:1]).removesuffix("\n") + "\n" if lines else ""
    return "".join(f"{line.rstrip()}\n" for text in lines for line in text.splitlines())


def _said(frozen: FrozenError) -> Iterator[str]:
    """Yield the lines below the frames."""
    kind, message, rest = frozen[0], frozen[1], frozen[3] or {}
    kind = kind.removeprefix("__main__.")
    syntax = rest.get("syntax")
    if syntax is None:
        yield f"{kind}: {message}\n" if message else f"{kind}\n"
    else:
        yield from _syntax(kind, *syntax)
    for note in rest.get("notes", ()):
        yield from (f"{line}\n" for line in note.split("\n"))
    for missing in rest.get("missing", ()):
        yield f"[{missing}]\n"


def _syntax(
    kind: str,
    message: Any,
    file: Any,
    line: Any,
    text: Any,
    offset: Any,
    last: Any,
    end: Any,
) -> Iterator[str]:
    """Yield the place in the source that a SyntaxError names, then its message; attributes may have any type."""
    error = SyntaxError(message)
    text = text if isinstance(text, str) else None
    offset, last, end = (each if isinstance(each, int) else None for each in (offset, last, end))
    error.filename, error.lineno, error.text, error.end_lineno = file, line, text, last
    # An offset far outside the line would be shown as that many spaces.
    most = len(text or "") + 1
    error.offset, error.end_offset = (None if each is None else max(-1, min(each, most)) for each in (offset, end))
    *place, _ = TracebackException(SyntaxError, error, None).format_exception_only()
    yield from place
    where = f" ({file})" if line is None and file is not None else ""
    yield f"{kind}: {message or '<no detail available>'}{where}\n"


def _repeated(same: int) -> Iterator[str]:
    if same > _SAME:
        more = same - _SAME
        yield f"  [Previous line repeated {more} more time{'s' if more > 1 else ''}]\n"


def _count(number: int, what: str) -> str:
    """Format a number of things; a negative one is a lower bound."""
    least = "at least " if number < 0 else ""
    return f"{least}{abs(number):,} {what}{'s' if abs(number) != 1 else ''}"
