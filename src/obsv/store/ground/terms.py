"""Values and conditions over the columns of a view, as trees: what a formula asks of the store, without SQL."""

from __future__ import annotations

from typing import NamedTuple


class ViewColumn(NamedTuple):
    """A column of the view."""

    name: str


class Constant(NamedTuple):
    """A number, a text, true, false or null."""

    value: float | int | str | bool | None


class Operation(NamedTuple):
    """An operator or function (`OPERATIONS`) and what it is applied to."""

    name: str
    parts: tuple[Term, ...]


Term = ViewColumn | Constant | Operation

ARITHMETIC = frozenset("+-*/")
COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
# Functions of a row, with the number of their arguments; `field` is a member of a JSON object.
ROW_FUNCTIONS = {"abs": 1, "field": 2, "coalesce": 2, "lower": 1}
OPERATIONS = ARITHMETIC | COMPARISONS | {"and", "or", "not", "negative", "in", "is null", *ROW_FUNCTIONS}
# Entries of SQLite's stack of 100 that a level of an operation takes, where it is not 3; measured with 3.40. A
# statement around the term takes up to 20.
_ENTRIES = {"not": 2, "negative": 2, "is null": 2, "coalesce": 5, "in": 6, "field": 8}
MOST_ENTRIES = 60
AGGREGATES = ("count", "sum", "mean", "share", "min", "max", "distinct")
# Rows where all values are numbers, counted.
NUMBERS = "numbers"
ROWS = "rows"


def is_chain(term: Term) -> bool:
    """Return whether an operation goes on from the one to its left: `a + b - c`, `a * b * c`."""
    if not isinstance(term, Operation) or not isinstance(term.parts[0], Operation):
        return False
    names = {term.name, term.parts[0].name}
    return names <= {"+", "-"} or names == {"*"}


def depth_of(term: Term) -> int:
    """Return how deep SQLite's parser goes for a term, in entries of its stack."""
    deepest, waiting = 0, [(term, 0)]
    while waiting:
        each, above = waiting.pop()
        if not isinstance(each, Operation):
            continue
        here = above + _ENTRIES.get(each.name, 3)
        deepest = max(deepest, here)
        first, *others = each.parts
        waiting.append((first, above if is_chain(each) else here))
        waiting += [(other, here) for other in others]
    return deepest


class Selection(NamedTuple):
    """A figure over a view, or its rows.

    Attributes:
        view: name of the view.
        how: one of `AGGREGATES`, `numbers`, or `rows`.
        values: what is aggregated, or the values of each row; none for a count of rows. Rows where one of them is not a
            number are left out.
        where: which rows; None for all.
    """

    view: str
    how: str
    values: tuple[Term, ...]
    where: Term | None = None


class Scope(NamedTuple):
    """A part of the rows of all views: of a mode, and of an artifact that decided; None for any."""

    mode: str | None = None
    actor: str | None = None


EVERYTHING = Scope()
