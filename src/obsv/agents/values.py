"""Recorded values in an answer: fenced, one per line, cut to the available space."""

from __future__ import annotations

from collections.abc import Iterable

from obsv.analysis.markdown import code
from obsv.store.spans import Call, Value

LONGEST = 400
SHORT = 80


def value_line(value: Value, longest: int = LONGEST) -> str:
    """Return a value with its name."""
    return f"{code(value.name, SHORT)} = {code(value.text, longest)}"


def values_line(values: Iterable[Value], most: int = 4) -> str:
    """Return the first values, shortened, on one line."""
    return ", ".join(value_line(value, SHORT) for value, _ in zip(values, range(most), strict=False))


def title_of(call: Call) -> str:
    """Return in a few words how a call ended."""
    return f"{code(call.process)} {'failed' if call.failed else 'ended well'}"
