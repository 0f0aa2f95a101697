"""Reading of recorded text that is not Python: records with their fields, and values without quotes inside containers.

`Order(id=00000000-0000-0000-0000-000000000007, side=Side.BUY, price=1.20)` names its class and its values; what each of
them is follows from its form alone, as in `literal`. A text that was shortened or masked is not read at all.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Collection
from typing import NamedTuple

DEEPEST = 60

_STRING = re.compile(r"""b?('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""")
_RECORD = re.compile(r"([A-Za-z_]\w*)\(")
# Values that are written by their constructors, with nothing but literals in them.
_CONSTRUCTED = re.compile(
    r"(?:(?:Decimal|Path)\((?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")\)"
    r"|datetime\.timedelta\([\w=, -]*\)|Fraction\(-?\d+, \d+\)|(?:set|frozenset)\(\))"
)
# Constructors around one container.
AROUND = {
    "frozenset": "frozenset",
    "deque": "collections.deque",
    "OrderedDict": "collections.OrderedDict",
    "Counter": "collections.Counter",
}
# Fields of what is made by a helper of its own.
_HELPED = {
    ("ndarray", "dtype", "shape", "values"): "array",
    ("DataFrame", "rows", "columns", "dtypes", "index", "values"): "frame",
    ("Series", "rows", "name", "dtype", "index", "values"): "series",
}
_FIELD = re.compile(r"([A-Za-z_]\w*)=")
# What ends a value that stands without quotes: nothing that is recorded so has these in it.
_BARE = re.compile(r"[^,\[\](){}'\"]+?(?=, |,\)|: |[\])}]|$)")
# What says that there is more.
_SHORTENED = ("…", "***", "{+", "[+", "(+", " +")
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


class Piece(NamedTuple):
    """An expression for a part of a text. `imports`: required modules; `helpers`: helpers that it calls."""

    source: str
    imports: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()


# The expression for a value without quotes, or None where its text does not tell which one it is.
Bare = Callable[[str, Collection[str]], "Piece | None"]


class _Unreadable(Exception):
    """The text does not identify exactly one value."""


def read_recorded(text: str, annotation: Collection[str], bare: Bare) -> Piece | None:
    """Return the expression for a recorded text; None if the text does not identify exactly one value.

    Args:
        text: the recorded text.
        annotation: the names in the parameter's annotation.
        bare: reads a value without quotes.
    """
    if any(mark in text for mark in _SHORTENED):
        return None
    reader = _Reader(text, annotation, bare)
    try:
        found = reader.value(0)
    except (_Unreadable, RecursionError):
        return None
    return found if reader.at == len(text) else None


class _Reader:
    """A recursive descent through one text. `at`: how far it has come."""

    def __init__(self, text: str, annotation: Collection[str], bare: Bare) -> None:
        self._text, self._annotation, self._bare = text, annotation, bare
        self.at = 0

    def value(self, depth: int) -> Piece:
        """Read one value."""
        if depth > DEEPEST:
            raise _Unreadable
        if string := _STRING.match(self._text, self.at):
            self.at = string.end()
            return _literal(string[0])
        if self._next() in _BRACKETS:
            return self._container(depth)
        if constructed := _CONSTRUCTED.match(self._text, self.at):
            self.at = constructed.end()
            return self._read(constructed[0])
        if record := _RECORD.match(self._text, self.at):
            self.at = record.end()
            return self._around(record[1], depth) if record[1] in AROUND else self._record(record[1], depth)
        return self._without_quotes()

    def _next(self) -> str:
        return self._text[self.at : self.at + 1]

    def _skip(self, text: str) -> bool:
        found = self._text.startswith(text, self.at)
        self.at += len(text) * found
        return found

    def _container(self, depth: int) -> Piece:
        opening = self._next()
        closing = _BRACKETS[opening]
        self.at += 1
        items: list[Piece] = []
        is_mapping = False
        is_single = False
        while not is_single and not self._skip(closing):
            if items and not self._skip(", "):
                raise _Unreadable
            item = self.value(depth + 1)
            if opening == "{" and self._skip(": "):
                is_mapping = True
                items.append(_joined("{}: {}", item, self.value(depth + 1)))
            elif is_mapping:
                raise _Unreadable
            else:
                items.append(item)
                is_single = opening == "(" and len(items) == 1 and self._skip(",)")
        if opening == "(" and len(items) == 1 and not is_single:
            raise _Unreadable
        comma = "," if opening == "(" and len(items) == 1 else ""
        pattern = ", ".join(["{}"] * len(items)) + comma
        inner = _joined(pattern, *items)
        return inner._replace(source=f"{opening}{inner.source}{closing}")

    def _around(self, name: str, depth: int) -> Piece:
        if self._next() not in _BRACKETS:
            raise _Unreadable
        inner = self._container(depth + 1)
        if name == "deque":  # without its length, which only an exact text has, it is not known
            if not self._skip(", "):
                raise _Unreadable
            inner = _joined("{}, {}", inner, self.value(depth + 1))
        if not self._skip(")"):
            raise _Unreadable
        made = AROUND[name]
        module = frozenset((made.partition(".")[0],)) if "." in made else frozenset()
        return Piece(f"{made}({inner.source})", inner.imports | module, inner.helpers)

    def _record(self, name: str, depth: int) -> Piece:
        if hasattr(builtins, name):  # none of these is recorded by its fields
            raise _Unreadable
        fields: list[Piece] = []
        names: list[str] = []
        while not self._skip(")"):
            if fields and not self._skip(", "):
                raise _Unreadable
            field = _FIELD.match(self._text, self.at)
            if field is None or field[1] in names:
                raise _Unreadable
            self.at = field.end()
            names.append(field[1])
            fields.append(self.value(depth + 1))
        inner = _joined(", ".join(["{}"] * len(fields)), *fields)
        if helper := _HELPED.get((name, *names)):
            return Piece(f"{helper}({inner.source})", inner.imports, inner.helpers | {helper})
        named = [each._replace(source=f"{field!r}: {each.source}") for field, each in zip(names, fields, strict=True)]
        inner = _joined(", ".join(["{}"] * len(named)), *named)
        return Piece(f"made({name!r}, {{{inner.source}}})", inner.imports, inner.helpers | {"made"})

    def _without_quotes(self) -> Piece:
        found = _BARE.match(self._text, self.at)
        if found is None:
            raise _Unreadable
        self.at = found.end()
        return self._read(found[0])

    def _read(self, text: str) -> Piece:
        piece = self._bare(text, self._annotation)
        if piece is None:
            raise _Unreadable
        return piece


def _literal(text: str) -> Piece:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise _Unreadable from error
    if repr(value) != text:
        raise _Unreadable
    return Piece(text)


def _joined(pattern: str, *pieces: Piece) -> Piece:
    imports: frozenset[str] = frozenset().union(*(piece.imports for piece in pieces))
    helpers: frozenset[str] = frozenset().union(*(piece.helpers for piece in pieces))
    return Piece(pattern.format(*(piece.source for piece in pieces)), imports, helpers)
