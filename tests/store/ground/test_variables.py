"""The last value of each variable, and how long it has been so."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from store_rows import START_NS, call

from obsv.store import Reader, Signature, Writer
from obsv.store.ground.variables import LONGEST, MOST_FIELDS, last_runs

# What could be taken for the end of a value.
AWKWARD = st.sampled_from(
    ["", "a", "b", '"', '","', '",', "\\", '\\"', '["', '{"', "[", "]", '"]', "naïve", "x,y", "\n"]
)
VALUES = AWKWARD | st.none() | st.booleans() | st.integers(0, 2) | st.lists(AWKWARD, max_size=3)
VALUES |= st.dictionaries(AWKWARD, AWKWARD, max_size=3)


def text(value: Any) -> str | None:
    """A value as it is shown."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


Place = tuple[str | None, int, int]


def places(width: int, data: list[str]) -> list[Place]:
    """The last value of each column, the first row of its run, and how many more rows that has."""
    return [run[:3] for run in last_runs(width, data)]


def plainly(column: list[Any]) -> Place:
    """The last run of a column, found the slow way: what looks the same is the same."""
    first = len(column) - 1
    while first and text(column[first - 1]) == text(column[-1]):
        first -= 1
    return text(column[-1]), first, len(column) - 1 - first


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(VALUES, min_size=width, max_size=width), min_size=1)))
def test_runs_of_any_values(rows: list[list[Any]]) -> None:
    """Whatever the values look like, the fast way finds what the slow way finds."""
    data = [json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows]
    assert places(len(rows[0]), data) == [plainly(list(column)) for column in zip(*rows, strict=True)]


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(AWKWARD, min_size=width, max_size=width), min_size=1)))
def test_runs_of_texts(rows: list[list[str]]) -> None:
    """The same for texts alone, which are never parsed."""
    data = [json.dumps(row, separators=(",", ":")) for row in rows]
    assert places(len(rows[0]), data) == [plainly(list(column)) for column in zip(*rows, strict=True)]


def test_a_text_that_ends_with_a_quote_and_a_comma() -> None:
    """Its end in JSON looks like the place between two values."""
    assert places(2, ['["x\\",","y"]']) == [('x",', 0, 0), ("y", 0, 0)]


def test_rows_of_the_wrong_width() -> None:
    """A row with fewer values than fields lacks the last ones; values beyond the fields are passed over."""
    assert places(2, ['["a","b"]', '["a"]']) == [("a", 0, 1), (None, 1, 0)]
    assert places(1, ['["a","b"]']) == [("a", 0, 0)]
    assert places(0, ["[]"]) == []


def test_what_is_no_array_has_no_values() -> None:
    """A row whose data cannot be read does not hold the others up."""
    assert places(1, ['["a"]', "[", "{}", "7"]) == [(None, 1, 2)]
    assert places(1, ["[", '["a"]', '["a"]']) == [("a", 1, 1)]


def test_long_value_is_cut() -> None:
    """A very long last value is cut, and its length said."""
    (run,) = last_runs(1, [json.dumps(["x" * 50_000])])
    assert run.value == "x" * LONGEST + "… (50000 characters)"


def test_only_so_many_variables() -> None:
    """Of a span with thousands of attributes the first are followed."""
    assert len(last_runs(5_000, [json.dumps(["x"] * 5_000)])) == MOST_FIELDS


SIGNATURE = Signature("shop", "shop.price", "shop", 1, (("order", "INPUT"),))


def variable(reader: Reader) -> tuple[Any, ...]:
    """Last value, when it was seen last, when it changed, repeats, updates; times since the start."""
    (row,) = reader.query("select last_value, last_ns, changed_ns, repeats, updates from variable")
    return (row[0], row[1] - START_NS, row[2] - START_NS, row[3], row[4])


def test_run_goes_on_over_batches(writer: Writer, reader: Reader) -> None:
    """A value that stays the same keeps its start, however it is cut into batches; another value begins anew."""
    expected = []
    values = [1, 1, 2, 2, 2, 2, 2, 3, 2, 2]
    for start, end in ((0, 1), (1, 3), (3, 4), (4, 7), (7, 9), (9, 10)):
        batch = [call(at, SIGNATURE, start_ns=START_NS + at, data=f'["{values[at]}"]') for at in range(start, end)]
        writer.write(batch)
        value, first, repeats = plainly(values[:end])
        expected.append((value, end - 1, first, repeats, end))
        assert variable(reader) == expected[-1]


def test_older_value_that_comes_late_changes_nothing(writer: Writer, reader: Reader) -> None:
    """A late, older value counts as an update, but is not the last value."""
    writer.write([call(1, SIGNATURE, start_ns=START_NS + 10, data='["new"]')])
    writer.write([call(2, SIGNATURE, start_ns=START_NS + 5, data='["old"]')])
    assert variable(reader) == ("new", 10, 10, 0, 2)
