"""The members of a recorded container, by their texts: those of dictionaries, lists, tuples, sets and records.

Recorded text is not Python: `Line(sku='a', price=1.20, day=2026-01-02)`. So it is split at its commas, outside of
brackets and strings, and nothing in it is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

DEEPEST = 3
LONGEST = 2_000
MOST = 40

_RECORD = re.compile(r"[A-Za-z_][\w.]*\((?=[A-Za-z_]\w*=)")
_FIELD = re.compile(r"([A-Za-z_]\w*)=")
# A string, a bracket, or what separates members.
_TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\[({]|[\])}]|, |: """)
_CLOSING = {"[": "]", "(": ")", "{": "}"}


class Member(NamedTuple):
    """A part of a value. `path`: where it is, such as `.lines[0].price`; `name`: the last name in it, or none."""

    path: str
    name: str
    text: str


def members(text: str) -> list[Member]:
    """Return the members of a container and theirs, as far as the bounds go; none of what is no whole container."""
    found: list[Member] = []
    for member in _walk(text, "", "", 0):
        found.append(member)
        if len(found) >= MOST:
            break
    return found


def _walk(text: str, path: str, name: str, depth: int) -> Iterator[Member]:
    if depth >= DEEPEST or len(text) > LONGEST:
        return
    for inner_path, inner_name, inner in direct_members(text):
        member = Member(path + inner_path, inner_name or name, inner)
        yield member
        yield from _walk(inner, member.path, member.name, depth + 1)


def direct_members(text: str) -> list[tuple[str, str, str]]:
    """Path, name and text of each member; of items without a name the name is empty."""
    record = _RECORD.match(text)
    start = record.end() if record else 1
    opening = text[start - 1 : start]
    if not text.endswith(_CLOSING.get(opening, "\0")) or len(text) <= start:
        return []
    parts = _split(text[start:-1])
    if parts is None:
        return []
    found = []
    for at, (key, value) in enumerate(parts):
        if record:
            field = _FIELD.match(value)
            if field is None:
                return []
            found.append((f".{field[1]}", field[1], value[field.end() :]))
        elif key is not None:
            name = key.strip("'\"")
            found.append((f".{name}", name, value))
        else:
            found.append((f"[{at}]", "", value))
    return found


def _split(text: str) -> list[tuple[str | None, str]] | None:
    """The parts between commas, each with its key where it has one; None where brackets do not match."""
    parts: list[tuple[str | None, str]] = []
    open_: list[str] = []
    key, start = None, 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in _CLOSING:
            open_.append(_CLOSING[mark])
        elif mark in "])}":
            if not open_ or open_.pop() != mark:
                return None
        elif open_ or mark[0] in "'\"":
            continue
        elif mark == ": " and key is None:
            key, start = text[start : token.start()], token.end()
        elif mark == ", ":
            parts.append((key, text[start : token.start()]))
            key, start = None, token.end()
    last = text[start:].removesuffix(",")
    if last:
        parts.append((key, last))
    return None if open_ else parts
