"""Recorded values in an answer: fenced, on one line each, and no longer than there is room for."""

from __future__ import annotations

from collections.abc import Iterable

from obsv.analysis.markdown import code
from obsv.store.spans import Call, Value

LONGEST = 400
SHORT = 80


def value_line(value: Value, longest: int = LONGEST) -> str:
    """A value by its name."""
    return f"{code(value.name, SHORT)} = {code(value.text, longest)}"


def values_line(values: Iterable[Value], most: int = 4) -> str:
    """The first values, short, on one line."""
    return ", ".join(value_line(value, SHORT) for value, _ in zip(values, range(most), strict=False))


def title_of(call: Call) -> str:
    """Say in a few words how a call ended."""
    return f"{code(call.process)} {'failed' if call.failed else 'ended well'}"
