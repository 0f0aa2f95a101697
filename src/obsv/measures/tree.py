"""The tree of a formula, and its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from obsv.measures.functions import FUNCTIONS
from obsv.store.figures import Series
from obsv.store.ground import Selection


class Number(NamedTuple):
    """A number that stands in the formula."""

    value: float


class Metric(NamedTuple):
    """Another metric, by its name."""

    name: str


class Figure(NamedTuple):
    """A figure of the store.

    Attributes:
        function: name of a function of a series; empty for an aggregate that the store computes.
        selection: what the store is asked for.
        options: values of the function's options, in order.
    """

    function: str
    selection: Selection
    options: tuple[float, ...]


class Apply(NamedTuple):
    """An operator or function of numbers."""

    name: str
    parts: tuple[Node, ...]


Node = Number | Metric | Figure | Apply

# Functions of numbers, with the least and the largest number of arguments.
SCALARS = {"abs": (1, 1), "sqrt": (1, 1), "log": (1, 1), "exp": (1, 1), "min": (2, 10), "max": (2, 10)}
_APPLY: Mapping[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "negative": lambda a: -a,
    "abs": abs,
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
    "min": min,
    "max": max,
}


def figures(node: Node) -> Iterator[Figure]:
    """Yield the figures in a tree."""
    if isinstance(node, Figure):
        yield node
    elif isinstance(node, Apply):
        for part in node.parts:
            yield from figures(part)


def metrics(node: Node) -> Iterator[str]:
    """Yield the names of metrics in a tree."""
    if isinstance(node, Metric):
        yield node.name
    elif isinstance(node, Apply):
        for part in node.parts:
            yield from metrics(part)


def height(node: Node) -> int:
    """Return the number of levels of a tree."""
    return 1 + max(map(height, node.parts)) if isinstance(node, Apply) else 1


def value(node: Node, read: Mapping[Selection, Series], of_metric: Callable[[str], float | None]) -> float | None:
    """Return the value of a tree; None where it is not defined.

    Args:
        node: the tree.
        read: results of its selections.
        of_metric: returns the value of another metric.
    """
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Metric):
        return of_metric(node.name)
    try:
        if isinstance(node, Figure):
            return _finite(_figure(node, read[node.selection]))
        parts = [value(part, read, of_metric) for part in node.parts]
        return None if None in parts else _finite(_APPLY[node.name](*parts))
    except (ZeroDivisionError, OverflowError, ValueError):  # not defined there
        return None


def _figure(node: Figure, series: Series) -> float | None:
    if not node.function:
        return series.number
    function = FUNCTIONS[node.function]
    columns = [[row[at] for row in series.rows] for at in range(function.series)]
    return function.compute(*columns, *node.options)


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
