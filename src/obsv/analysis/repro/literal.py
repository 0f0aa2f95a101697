"""Conversion of a value's recorded text back to an expression, if the text identifies exactly one value.

It accepts Python literals and a few constructors, written exactly as obsv writes them; ISO dates, UUIDs and durations,
which no literal looks like; and Enum members, which are looked up when the test runs. Texts that were truncated, masked
or made by another serializer give None, and so does any other description.
"""

from __future__ import annotations

import ast
import cmath
import re
from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from uuid import UUID

from obsv.analysis.repro.parsing import dotted, parse_expression
from obsv.analysis.repro.recorded_text import Piece, read_recorded

LONGEST = 100_000
DEEPEST = 60

CONSTRUCTORS = {
    "frozenset": "frozenset",
    "set": "set",
    "range": "range",
    "slice": "slice",
    "bytearray": "bytearray",
    "Fraction": "fractions.Fraction",
    "OrderedDict": "collections.OrderedDict",
    "Counter": "collections.Counter",
    # As `repr` writes them, if that is the serializer.
    "Decimal": "decimal.Decimal",
    "Path": "pathlib.Path",
    "UUID": "uuid.UUID",
    "datetime.datetime": "datetime.datetime",
    "datetime.date": "datetime.date",
    "datetime.time": "datetime.time",
    "datetime.timedelta": "datetime.timedelta",
}
# The arguments that obsv writes in these constructors, which would accept anything.
_NUMBERS = (ast.Constant, ast.UnaryOp)
_TAKES: dict[str, type[ast.expr] | tuple[type[ast.expr], ...]] = {
    "frozenset": (ast.Set, ast.List, ast.Tuple),
    "set": (ast.Set, ast.List, ast.Tuple),
    "range": _NUMBERS,
    "slice": _NUMBERS,
    "bytearray": ast.Constant,
    "Fraction": _NUMBERS,
    "OrderedDict": (ast.Dict, ast.List),
    "Counter": ast.Dict,
    "Decimal": ast.Constant,
    "Path": ast.Constant,
    "UUID": ast.Constant,
}
UTC = "datetime.timezone.utc"
NAMES = {"nan": 'float("nan")', "inf": 'float("inf")', "Ellipsis": "...", "NotImplemented": "NotImplemented"}
_BRACKETS = {ast.List: ("[", "]"), ast.Set: ("{", "}"), ast.Tuple: ("(", ")")}
_DURATION = re.compile(r"(?:(-?\d+) days?, )?(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{6}))?")
# No value but a path is written so, without quotes.
_ABSOLUTE = re.compile(r"/[^\s,'\"(){}\[\]]*")
_ARRAY = re.compile(r"\[ndarray ((?:u?int|float|complex)\d+|bool) (\((?:\d+, ?)*\d*\))\]")
_DIGITS = re.compile(r"-?\d+(\.\d+)?(E[+-]?\d+)?")


class Rebuilt(NamedTuple):
    """An expression. `imports`: required modules; `helpers`: those that it calls to look something up."""

    source: str
    imports: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()


class _Inexact(Exception):
    """The text does not identify exactly one value."""


def rebuild(text: str, annotation: Collection[str] = ()) -> Rebuilt | None:
    """Return the expression for the value of a text; None if the text does not identify exactly one value.

    Args:
        text: the recorded text.
        annotation: the names in the parameter's annotation. With `{"Decimal"}`, digits are a Decimal.
    """
    # A masked part may also be inside a string.
    if "***" in text or len(text) > LONGEST:
        return None
    for recognize in (_iso, _uuid, _decimal, _path):
        found = recognize(text, annotation)
        if found is not None:
            return found
    return _expression(text) or _recorded(text, annotation)


def _recorded(text: str, annotation: Collection[str]) -> Rebuilt | None:
    """Return what contains records, or values that are written without quotes."""
    if found := _ARRAY.fullmatch(text):
        return Rebuilt(f"zeros({found[1]!r}, {found[2]})", frozenset(), frozenset(("zeros",)))
    found_piece = read_recorded(text, annotation, _bare)
    return None if found_piece is None else Rebuilt(*found_piece)


def _bare(text: str, annotation: Collection[str]) -> Piece | None:
    """Return a value that stands in a container without quotes."""
    for recognize in (_iso, _uuid, _decimal, _path, _digits):
        found = recognize(text, annotation)
        if found is not None:
            return Piece(*found)
    plain = _expression(text)
    return None if plain is None else Piece(*plain)


def _digits(text: str, annotation: Collection[str]) -> Rebuilt | None:
    """Return a Decimal for digits that no float is written with, like 1.20."""
    if not _DIGITS.fullmatch(text) or text.lstrip("-").isdecimal() or repr(float(text)) == text:
        return None
    return _decimal(text, frozenset(("Decimal",)))


def _iso(text: str, annotation: Collection[str]) -> Rebuilt | None:
    """Return dates and times as written by `isoformat`, and durations as written by `str`."""
    fits = [
        Rebuilt(f"datetime.{kind.__name__}.fromisoformat({text!r})", frozenset(("datetime",)))
        for kind in (datetime, date, time)
        if _is_iso(kind, text)
    ]
    if (duration := _duration(text)) is not None:
        fits.append(duration)
    if len(fits) > 1:  # 10:30:00 can be a time of day, or ten and a half hours
        fits = [fit for fit in fits if ("timedelta" in fit.source) == ("timedelta" in annotation)]
        fits = fits if {"time", "timedelta"} & set(annotation) else []
    return fits[0] if fits else None


def _is_iso(kind: type[datetime] | type[date] | type[time], text: str) -> bool:
    if not text[:2].isdecimal():
        return False
    try:
        return kind.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _duration(text: str) -> Rebuilt | None:
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, seconds, micro = (int(part or 0) for part in found.groups())
    try:
        value = timedelta(days, seconds, micro, 0, minutes, hours)
    except OverflowError:
        return None
    return Rebuilt(repr(value), frozenset(("datetime",))) if str(value) == text else None


def _uuid(text: str, annotation: Collection[str]) -> Rebuilt | None:
    try:
        exact = len(text) == 36 and str(UUID(text)) == text
    except ValueError:
        return None
    return Rebuilt(f"uuid.UUID({text!r})", frozenset(("uuid",))) if exact else None


def _decimal(text: str, annotation: Collection[str]) -> Rebuilt | None:
    """Return a Decimal for digits if the annotation says so: its text has no other mark."""
    if "Decimal" not in annotation or {"int", "float", "str"} & set(annotation) or not _DIGITS.fullmatch(text):
        return None
    try:
        exact = str(Decimal(text)) == text
    except InvalidOperation:
        return None
    return Rebuilt(f"decimal.Decimal({text!r})", frozenset(("decimal",))) if exact else None


def _path(text: str, annotation: Collection[str]) -> Rebuilt | None:
    is_path = "Path" in annotation or _ABSOLUTE.fullmatch(text) is not None
    if not is_path or not text or text[0] in "'\"" or text.startswith("Path(") or text == "None" or "…" in text:
        return None
    return Rebuilt(f"pathlib.Path({text!r})", frozenset(("pathlib",)))


def _expression(text: str) -> Rebuilt | None:
    tree = parse_expression(text)
    if tree is None:
        return None
    writer = _Writer()
    try:
        written, source = writer.write(tree, 0)
    except (ValueError, RecursionError, _Inexact):
        return None
    # Written by another serializer, or digits that no float has: 1.20 must be a Decimal.
    if written != text:
        return None
    return Rebuilt(source, frozenset(writer.imports), frozenset(("member",) if writer.members else ()))


class _Writer:
    """A writer that renders a syntax tree twice: as obsv writes the value, and as an expression for it."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.members = False

    def write(self, node: ast.expr, depth: int) -> tuple[str, str]:
        """Return both texts of a node."""
        write = _WRITERS.get(type(node))
        if write is None or depth > DEEPEST:
            raise _Inexact
        return write(self, node, depth)

    def constant(self, node: ast.Constant, depth: int) -> tuple[str, str]:
        """Write a literal."""
        text = repr(node.value)
        return text, text

    def unary(self, node: ast.UnaryOp, depth: int) -> tuple[str, str]:
        """Write a negative number."""
        if isinstance(node.operand, ast.Constant) and type(node.operand.value) is complex:
            return self.binary(node, depth)
        text, source = self.write(node.operand, depth + 1)
        number = isinstance(node.operand, ast.Constant) and type(node.operand.value) in (int, float)
        if not isinstance(node.op, ast.USub) or not (number or text == "inf"):
            raise _Inexact
        return f"-{text}", f"-{source}"

    def binary(self, node: ast.expr, depth: int) -> tuple[str, str]:
        """Write a complex number. As an expression, `-0j` and `-0-5j` lose the signs of zeros."""
        try:
            value = complex(ast.unparse(node).replace(" ", ""))
        except ValueError as error:
            raise _Inexact from error
        if not cmath.isfinite(value):
            raise _Inexact
        return repr(value), f"complex({value.real!r}, {value.imag!r})"

    def sequence(self, node: ast.List | ast.Set | ast.Tuple, depth: int) -> tuple[str, str]:
        """Write a list, set or tuple."""
        pairs = [self.write(item, depth + 1) for item in node.elts]
        opening, closing = _BRACKETS[type(node)]
        comma = "," if isinstance(node, ast.Tuple) and len(pairs) == 1 else ""
        texts = [", ".join(pair[side] for pair in pairs) for side in (0, 1)]
        return f"{opening}{texts[0]}{comma}{closing}", f"{opening}{texts[1]}{comma}{closing}"

    def mapping(self, node: ast.Dict, depth: int) -> tuple[str, str]:
        """Write a dict."""
        if None in node.keys:
            raise _Inexact
        keys = [self.write(key, depth + 1) for key in node.keys if key is not None]
        values = [self.write(value, depth + 1) for value in node.values]
        items = [[f"{key[side]}: {value[side]}" for key, value in zip(keys, values, strict=True)] for side in (0, 1)]
        return "{" + ", ".join(items[0]) + "}", "{" + ", ".join(items[1]) + "}"

    def name(self, node: ast.Name, depth: int) -> tuple[str, str]:
        """Write one of the few values that are written as a name."""
        if node.id not in NAMES:
            raise _Inexact
        return node.id, NAMES[node.id]

    def member(self, node: ast.Attribute, depth: int) -> tuple[str, str]:
        """Write an Enum member: `Color.RED`."""
        if dotted(node) == UTC:
            self.imports.add("datetime")
            return UTC, UTC
        if not isinstance(node.value, ast.Name) or node.attr.startswith("_"):
            raise _Inexact
        self.members = True
        text = f"{node.value.id}.{node.attr}"
        return text, f"member({text!r})"

    def call(self, node: ast.Call, depth: int) -> tuple[str, str]:
        """Write a constructor call of a few types."""
        name = dotted(node.func)
        if name not in CONSTRUCTORS or (node.keywords and not name.startswith("datetime.")):
            raise _Inexact
        # `bytearray(10**12)` and `Fraction("1e999999999")` are values too, but exhaust the machine.
        if not all(_fits(name, each) for each in node.args):
            raise _Inexact
        pairs = [self.write(item, depth + 1) for item in node.args]
        for keyword in node.keywords:
            written = self.write(keyword.value, depth + 1)
            pairs.append((f"{keyword.arg}={written[0]}", f"{keyword.arg}={written[1]}"))
        made = CONSTRUCTORS[name]
        if "." in made:
            self.imports.add(made.partition(".")[0])
        texts, sources = (", ".join(pair[side] for pair in pairs) for side in (0, 1))
        return f"{name}({texts})", f"{made}({sources})"


def _fits(name: str, argument: ast.expr) -> bool:
    """Return whether an argument is what obsv writes in this constructor."""
    if not isinstance(argument, _TAKES.get(name, ast.expr)):
        return False
    if not isinstance(argument, ast.Constant):
        return True
    is_number = isinstance(argument.value, int)
    return {"bytearray": isinstance(argument.value, bytes), "Fraction": is_number}.get(name, True)


_WRITERS: dict[type[ast.expr], Callable[..., tuple[str, str]]] = {
    ast.Constant: _Writer.constant,
    ast.UnaryOp: _Writer.unary,
    ast.BinOp: _Writer.binary,
    ast.List: _Writer.sequence,
    ast.Set: _Writer.sequence,
    ast.Tuple: _Writer.sequence,
    ast.Dict: _Writer.mapping,
    ast.Name: _Writer.name,
    ast.Attribute: _Writer.member,
    ast.Call: _Writer.call,
}
