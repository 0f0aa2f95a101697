"""The last value of a variable and the length of its run, from the end of a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

# Longer last values are truncated: the row of the call has the complete value.
LONGEST = 2_000
# A foreign span may have thousands of attributes.
MOST_FIELDS = 200


class Run(NamedTuple):
    """A variable at the end of a batch.

    Args:
        value: its last value as text.
        first: position of the row where the last run of that value begins.
        repeats: how many more rows of the run there are.
        values: all values of the batch, as they are written.
        has_none: None may be among them.
    """

    value: str | None
    first: int
    repeats: int
    values: Sequence[Any]
    has_none: bool


def last_runs(width: int, data: Sequence[str]) -> list[Run]:
    """Return the last run of each variable.

    Args:
        width: number of values per row.
        data: JSON arrays in order of arrival, at least one.

    Returns:
        One `Run` per variable, in the order of the fields.
    """
    if not width:
        return []
    tokens = _split(width, data)
    flat: Sequence[Any] = _parse(width, data) if tokens is None else tokens
    has_none = tokens is None or any('"None"' in text for text in data)
    runs = []
    for position in range(min(width, MOST_FIELDS)):
        column = flat[position::width] if tokens is not None else _comparable(flat[position::width])
        first = _first_of_run(column)
        last = _text(column[-1]) if tokens is None else _decoded(tokens[position - width])
        runs.append(Run(_cut(last), first, len(column) - 1 - first, column, has_none))
    return runs


# Values of one type are equal if their texts are; those of different types (1, 1.0, true, "1") are compared as text.
def _comparable(column: Sequence[Any]) -> Sequence[Any]:
    return column if len(set(map(type, column))) == 1 else list(map(_text, column))


def _first_of_run(column: Sequence[Any]) -> int:
    last, at = column[-1], len(column) - 1
    if at and column[at - 1] == last and column.count(last) == len(column):
        return 0
    while at and column[at - 1] == last:
        at -= 1
    return at


# Strings only and no spaces, as our own spans are written: then `","` occurs between two values and nowhere else,
# because a quote inside a string is preceded by a backslash; but `\","` also ends a string that ends with a quote and a
# comma. Equal texts are equal values, and nothing must be parsed: a third of the time. `["` within a row and `{"` would
# reveal an array or object of strings. No JSON contains a bare line break.
def _split(width: int, data: Sequence[str]) -> Sequence[str] | None:
    text = "\n".join(data)
    rows = len(data)
    if text[:2] != '["' or text[-2:] != '"]' or text.count('"]\n["') != rows - 1:
        return None
    if text.count('["') != rows or '{"' in text or '\\","' in text:
        return None
    flat = text[2:-2].replace('"]\n["', '","').split('","')
    return flat if len(flat) == width * rows else None


def _parse(width: int, data: Sequence[str]) -> Sequence[Any]:
    flat: list[Any] = []
    for values in _loaded(data):
        # Texts of all values would be a third of the cost of a foreign span; arrays and objects need them.
        flat += [_text(value) if type(value) in _CONTAINERS else value for value in values[:width]]
        flat += [None] * (width - len(values))
    return flat


_CONTAINERS = (list, dict)


def _loaded(data: Sequence[str]) -> list[list[Any]]:
    try:
        return list(json.loads(f"[{','.join(data)}]"))
    except ValueError:
        return [_array(text) for text in data]


def _array(text: str) -> list[Any]:
    try:
        values = json.loads(text)
    except ValueError:
        return []
    return values if isinstance(values, list) else []


def _decoded(token: str) -> str:
    return str(json.loads(f'"{token}"')) if "\\" in token else token


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text)} characters)"
