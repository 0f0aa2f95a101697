"""Many rows in few statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.store.writing.sql.statements import Insert, Lookup, portions, sizes_within

PAIR = Insert("pair", "a, b", "(a) do update set b = b + excluded.b")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("create table pair(a integer primary key, b)")
    yield connection
    connection.close()


@given(st.integers(0, 50_000), st.integers(1, 32_766))
def test_portions_hold_all_rows(rows: int, most: int) -> None:
    """All rows are given, only the last statement has room to spare, and none is larger than allowed."""
    sizes = sizes_within(most)
    parts = portions(rows, sizes)
    assert sum(given for _, given in parts) == rows
    assert all(given == size for size, given in parts[:-1])
    assert all(0 < given <= size <= most for size, given in parts)


def test_batch_is_few_statements() -> None:
    """5,000 rows of thirteen columns are one statement where SQLite takes so many values, else three at most."""
    assert len(portions(5_000, sizes_within(250_000 // 13))) == 1
    assert len(portions(5_000, sizes_within(32_766 // 13))) <= 3


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 64, 65, 1_001, 5_100])
def test_every_row_is_written(connection: sqlite3.Connection, rows: int) -> None:
    """Rows that only fill a statement up are not written, and the count of changes is exact."""
    assert PAIR.run(connection, [value for row in range(rows) for value in (row, 1)]) == rows
    assert connection.execute("select count(*), coalesce(sum(b), 0) from pair").fetchone() == (rows, rows)


def test_key_that_comes_twice_in_one_statement(connection: sqlite3.Connection) -> None:
    """An upsert sees what the same statement has written before."""
    PAIR.run(connection, [1, 5, 1, 7, 2, 1])
    assert connection.execute("select * from pair").fetchall() == [(1, 12), (2, 1)]


def test_expression_in_place_of_a_value(connection: sqlite3.Connection) -> None:
    """A column may be given as an expression of what is bound."""
    Insert("pair", "a, b", "do nothing", {"b": "nullif(?, x'')"}).run(connection, [1, b"", 2, b"x"])
    assert connection.execute("select * from pair").fetchall() == [(1, None), (2, b"x")]


@pytest.mark.parametrize("rows", [0, 1, 70, 3_000])
def test_lookup_says_which_key_it_found(connection: sqlite3.Connection, rows: int) -> None:
    """Rows found have their position among the keys; missing ones are left out."""
    PAIR.run(connection, [value for row in range(rows) for value in (2 * row, row)])
    found = Lookup("pair", "a", "b").run(connection, [(key,) for key in range(2 * rows)])
    assert sorted(found) == [(2 * row, row) for row in range(rows)]
