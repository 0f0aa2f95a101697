"""Completion of the explorer's query: names, then values, from what the store knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from obsv.store.finding.query_text import NAMES, quoted

MOST = 12
_LAST = re.compile(
    r"(?:^|\s)(?P<start>-?)(?:(?P<name>[A-Za-z_][\w.\-]*)(?P<operator>!=|>=|<=|=|:|>|<))?(?P<part>[^\s\"'=:<>!]*|\"[^\"]*|'[^']*)$"
)
_ABOUT = {
    "process": "function",
    "group": "process group",
    "service": "service",
    "host": "host of the program",
    "instance": "instance of the service",
    "has": "has a value of this name",
    "error": "text of the exception",
    "thread": "thread's name",
    "file": "file of the function",
    "trace": "trace ID",
    "status": "OK or ERR",
    "duration": "such as >100ms",
}


class Completion(NamedTuple):
    """A completion. `insert`: replaces the text from `start` to the cursor; `about`: what it is."""

    start: int
    insert: str
    label: str
    about: str


class Known(NamedTuple):
    """The names and values of the store, by a part of them. `values`: texts that a value of a name has had."""

    variables: Callable[[str], Iterable[str]]
    texts: dict[str, Callable[[str], Iterable[str]]]
    values: Callable[[str], Iterable[str]]


def complete(text: str, known: Known) -> list[Completion]:
    """Return the completions of a query up to the cursor, the nearest first.

    Args:
        text: the query, up to the cursor.
        known: what there is.
    """
    found = _LAST.search(text)
    if found is None:
        return []
    part = found["part"].lstrip("\"'")
    start = found.start("part")
    if found["operator"]:
        return _values(found["name"], part, start, known)[:MOST]
    names = [
        Completion(start, f"{name}{'>' if name == 'duration' else ':'}", name, _ABOUT[name])
        for name in NAMES
        if part.lower() in name
    ]
    variables = [
        Completion(start, f"{_named(name)}=", name, "value")
        for name in known.variables(part)
        if re.fullmatch(r"[A-Za-z_][\w.\-]*", name)
    ]
    ranked = sorted([*names, *variables], key=lambda each: not each.label.lower().startswith(part.lower()))
    return ranked[:MOST]


def _named(name: str) -> str:
    return f"value.{name}" if name in NAMES else name


def _values(name: str, part: str, start: int, known: Known) -> list[Completion]:
    if name == "status":
        texts: Iterable[str] = ("OK", "ERR")
    elif name == "duration":
        texts = ("1ms", "10ms", "100ms", "1s", "10s")
    elif name in known.texts:
        texts = known.texts[name](part)
    elif name in NAMES:
        texts = ()
    else:
        texts = known.values(name.removeprefix("value."))
    distinct = dict.fromkeys(text for text in texts if part.lower() in text.lower() and len(text) <= 100)
    return [Completion(start, quoted(text), text, name) for text in distinct]
