"""Conditions of a search: a small tree to which TraceQL, Jaeger's tags and the app's filters are converted.

    Condition = Compare | Present | Contains | Not | All | AnyOf

`obsv.store.finding.where` compiles it to SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

# Scopes of an attribute. UNSCOPED means the span's, or else its resource's.
UNSCOPED, SPAN, RESOURCE, EVENT, LINK, INSTRUMENTATION = "", "span", "resource", "event", "link", "instrumentation"
# What every span has without an attribute, by TraceQL's scoped names (`span:duration`).
INTRINSIC = "intrinsic"

# The values of a call by name, compared as they are shown, numbers by their size.
SHOWN = "shown"

# Two more without a name in any query language: the process group, and the names of a span's values.
GROUP, VARIABLE = "process:group", "span:variable"
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")

Value: TypeAlias = "str | int | float | bool"


@dataclass(frozen=True, slots=True)
class Field:
    """A field to compare: an attribute of a scope by its key, or an intrinsic by its name."""

    scope: str
    name: str

    def __str__(self) -> str:
        return self.name if self.scope == INTRINSIC else f"{self.scope}.{self.name}"


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of a field with a value.

    A value of another type than the field's never matches, nor does a missing field. An array matches if one of its
    elements does (`!=` and `!~`: if none is equal or matches).

    Args:
        operator: one of `= != < <= > >= =~ !~`, `is`: equal as text for any type, as Jaeger compares tags, or `has`:
            contains a text, ASCII letters in either case.
        value: a duration is whole nanoseconds, a kind or status its number in OTLP; a pattern is RE2 and must match the
            whole text.
    """

    field: Field
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Present:
    """A test that the span has the field: a comparison without an operator."""

    field: Field
    operator: ClassVar[None] = None
    value: ClassVar[str] = ""


Leaf: TypeAlias = Compare | Present


@dataclass(frozen=True, slots=True)
class Contains:
    """A test that a value of the span, or its exception, contains a text; ASCII letters match in either case.

    With a name, only values of that name are examined.
    """

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Not:
    """A negated condition."""

    part: Condition


@dataclass(frozen=True, slots=True)
class All:
    """A condition that requires every part."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A condition that requires at least one part."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Compare | Present | Contains | Not | All | AnyOf
EVERY_SPAN, NO_SPAN = All(()), AnyOf(())


def leaves(condition: Condition) -> list[Condition]:
    """The conditions without parts that a condition is made of, in order."""
    match condition:
        case Not(part=part):
            return leaves(part)
        case All(parts=parts) | AnyOf(parts=parts):
            return [leaf for part in parts for leaf in leaves(part)]
    return [condition]


def fields_of(condition: Condition) -> list[Field]:
    """Return the fields in a condition, in order, each once."""
    return list(dict.fromkeys(leaf.field for leaf in leaves(condition) if isinstance(leaf, Compare | Present)))


def conjuncts(condition: Condition) -> list[Condition]:
    """Return the conditions that must all hold: the parts of an outermost `All`, or the condition itself."""
    if isinstance(condition, All):
        return [inner for part in condition.parts for inner in conjuncts(part)]
    return [condition]


def limits(parts: Iterable[Condition], field: Field) -> tuple[int | None, int | None]:
    """Return the least and the greatest number of a field for which all of these hold; None for no limit."""
    least: list[int] = []
    most: list[int] = []
    for part in parts:
        if isinstance(part, Compare) and part.field == field and not isinstance(part.value, str):
            if part.operator in ("=", ">", ">="):
                least.append(int(part.value))
            if part.operator in ("=", "<", "<="):
                most.append(int(part.value))
    return max(least, default=None), min(most, default=None)
