"""Facts of one call: of its values and their members, and of where it came from.

A value is equal to X, is None, is empty, has a type, a length or a number that can be compared with a bound, and
likewise for members of dictionaries and records; a list contains X, or a None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import lru_cache
from typing import NamedTuple

from obsv.analysis.members import direct_members
from obsv.store.surveying import SampledCall

_MOST_TEXT, _END = 80, 30
_MOST_PARSED = 2_000
_MOST_MEMBERS, _DEPTH = 20, 3
_EMPTY = frozenset(("''", '""', "[]", "{}", "()", "set()", "frozenset()", "b''", ""))
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NO_NUMBERS = frozenset(("nan", "inf", "-inf"))
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[+-]\d\d:\d\d)?)?")
_TYPE = re.compile(r"<?([A-Za-z_][\w.]*)[( ]")


class Key(NamedTuple):
    """A fact before it is counted.

    Attributes:
        subject, what, kind, text: as of a `Fact`.
        rank: of facts that hold for the same calls, the one with the lowest is shown; of others with like shares it
            comes first.
    """

    subject: str
    what: str
    kind: str
    text: str | None
    rank: int


class Measure(NamedTuple):
    """A number to compare with a bound. `text`: as recorded."""

    subject: str
    number: float
    text: str


NONE, SHAPE, EQUAL, TYPE, BOUND, WHOLE = range(6)


def origins(each: SampledCall) -> Iterator[Key]:
    """Yield the facts of where a call came from."""
    for subject, fact in (
        ("caller", each.caller or "nobody"),
        ("thread", each.thread),
        ("service", each.call.service),
        ("version", each.version),
    ):
        if fact:
            yield Key(subject, f"= {fact}", "origin", fact, EQUAL)


@lru_cache(20_000)
def facts_of(name: str, text: str) -> tuple[frozenset[Key], tuple[Measure, ...]]:
    """Return the facts of a value and of its members, and the numbers among them."""
    numbers: list[Measure] = []
    facts = set(_scalar(name, text, numbers))
    if len(text) <= _MOST_PARSED:
        facts.update(_members(name, text, numbers, _DEPTH))
    return frozenset(facts), tuple(numbers)


def _scalar(name: str, text: str, numbers: list[Measure]) -> Iterator[Key]:
    kind = _type_of(text)
    if kind == "NoneType":
        yield Key(name, "is None", "value", "None", NONE)
        return
    yield Key(name, f"is {_a(kind)}", "value", None, TYPE)
    if text in _EMPTY:
        yield Key(name, "is empty", "value", text, SHAPE)
    elif len(text) <= _MOST_TEXT:
        # For a container, the member is more specific.
        yield Key(
            name,
            f"= {text}",
            "value",
            text,
            WHOLE if text[:1] in "{[(" or (text[-1:] == ")" and "=" in text) else EQUAL,
        )
    else:
        yield Key(name, f"= {text[:_END]} … {text[-_END:]}", "value", None, WHOLE)
    if kind in ("int", "float") and text != "nan":
        numbers.append(Measure(name, float(text), text))
    elif kind == "date" and (at := _instant(text)) is not None:
        numbers.append(Measure(name, at, text))
    elif kind in ("str", "bytes"):
        length = len(text) - 2 - (kind == "bytes")
        numbers.append(Measure(f"len({name})", length, str(length)))


def _members(name: str, text: str, numbers: list[Measure], depth: int) -> Iterator[Key]:
    if text[:1] not in "{[(" and text[-1:] != ")":
        return
    parts = direct_members(text)
    if parts and not parts[0][1]:
        numbers.append(Measure(f"len({name})", len(parts), str(len(parts))))
        yield from _items(name, [part[2] for part in parts[:_MOST_MEMBERS]], text[:1] == "(", numbers)
        return
    for path, _, inner in parts[:_MOST_MEMBERS]:
        yield from _scalar(name + path, inner, numbers)
        if depth > 1:
            yield from _members(name + path, inner, numbers, depth - 1)


def _items(name: str, items: list[str], are_placed: bool, numbers: list[Measure]) -> Iterator[Key]:
    """Yield facts of a list: what is in it somewhere; of a tuple, each place."""
    if "None" in items:
        yield Key(name, "has a None", "value", None, SHAPE)
    for at, item in enumerate(items):
        if are_placed:
            yield from _scalar(f"{name}[{at}]", item, numbers)
        elif len(item) <= _MOST_TEXT and item != "None":
            yield Key(name, f"contains {item}", "value", item, EQUAL)
        for path, key, inner in direct_members(item)[:_MOST_MEMBERS]:
            if key and inner == "None":
                yield Key(f"{name}[]{path}", "has a None", "value", None, SHAPE)


def _instant(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()


def _type_of(text: str) -> str:
    if text == "None":
        return "NoneType"
    if text in ("True", "False"):
        return "bool"
    if text in _NO_NUMBERS:
        return "float"
    if _NUMBER.fullmatch(text):
        return "int" if text.lstrip("+-").isdigit() else "float"
    if _DATE.fullmatch(text):
        return "date"
    if text[:1] in "'\"" and text:
        return "str"
    for start, kind in (("{", "dict"), ("[", "list"), ("(", "tuple"), ("b'", "bytes"), ('b"', "bytes")):
        if text.startswith(start):
            return kind
    named = _TYPE.match(text)
    return named[1] if named else "text"


def _a(kind: str) -> str:
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
