"""A user's SQL can read, and nothing else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from store_rows import call, span_id

from obsv.errors import InvalidQuery, QueryTimeout, StoreUnavailable
from obsv.store import Reader, Writer
from obsv.store.file.adhoc import run_sql

ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c)"


@pytest.fixture
def store(writer: Writer, path: Path) -> Path:
    writer.open()
    return path


def test_answer_has_columns_and_rows(store: Path) -> None:
    """Names come as SQLite gives them, values as Python's."""
    assert run_sql(store, "select 1 as one, 'x', null") == (["one", "'x'", "null"], [(1, "x", None)], False)


def test_long_answer_is_cut(store: Path) -> None:
    """No more rows are read than were asked for, and the answer says so."""
    answer = run_sql(store, f"{ENDLESS} select x from c", row_limit=3)
    assert (answer.rows, answer.truncated) == ([(1,), (2,), (3,)], True)


def test_wide_answer_is_cut(store: Path) -> None:
    """Reading stops when the values together take up too much memory."""
    answer = run_sql(store, f"{ENDLESS} select zeroblob(9000000) from c limit 1000")
    assert answer.truncated
    assert len(answer.rows) < 10


def test_endless_query_is_stopped(store: Path) -> None:
    """A query that never ends is stopped at the limit, with a message that says what to do."""
    with pytest.raises(QueryTimeout, match=r"longer than 0\.05 s; narrow it"):
        run_sql(store, f"{ENDLESS} select max(x) from c", time_limit_s=0.05)


@pytest.mark.parametrize(
    "sql",
    [
        "delete from span",
        "insert into thread values (1, 1, '', 1)",
        "create table x(y)",
        "create temp table x(y)",
        "drop view data_trace",
        "attach '/tmp/other.db' as other",
        "vacuum into '/tmp/other.db'",
        "pragma user_version = 7",
        "pragma query_only = off",
        "pragma writable_schema",
        "begin immediate",
        "select load_extension('x')",
    ],
)
def test_anything_but_reading_is_refused(store: Path, sql: str) -> None:
    """Writing, attaching, settings and extensions are refused, whatever the file's own protection."""
    with pytest.raises(InvalidQuery, match="only read-only statements are allowed"):
        run_sql(store, sql)


@pytest.mark.parametrize("sql", ["pragma user_version", "pragma table_info(span)", "explain select * from data_trace"])
def test_questions_about_the_file_are_answered(store: Path, sql: str) -> None:
    """Pragmas that only say something are allowed, and so is EXPLAIN."""
    assert run_sql(store, sql).rows


@pytest.mark.parametrize(
    "sql", ["selec 1", "select nothing", "select * from nowhere", "select 1; select 2", "select ?"]
)
def test_what_sqlite_does_not_understand(store: Path, sql: str) -> None:
    """A mistake in the statement is the user's, not the store's."""
    with pytest.raises(InvalidQuery):
        run_sql(store, sql)


def test_no_file(tmp_path: Path) -> None:
    """Without a file the message says what to do."""
    with pytest.raises(StoreUnavailable, match="record something first"):
        run_sql(tmp_path / "none.db", "select 1")


@pytest.mark.parametrize("sql", ["select json('{')", "select json_extract('x', '$.a')"])
def test_a_mistake_of_the_user_s_is_not_called_corruption(store: Path, sql: str) -> None:
    """SQLite calls JSON malformed with the word that it has for files."""
    with pytest.raises(InvalidQuery, match="malformed JSON"):
        run_sql(store, sql)


def test_a_greedy_query_is_stopped(store: Path) -> None:
    """Sorting does not exhaust the machine's memory."""
    with pytest.raises((InvalidQuery, QueryTimeout), match=r"MB of memory|longer than"):
        run_sql(store, f"{ENDLESS} select x from (select x, randomblob(1000000) as b from c limit 5000) order by b")


def test_a_view_named_like_a_pragma_is_not_asked(store: Path) -> None:
    """A hostile file may have one that never ends."""
    connection = sqlite3.connect(store, isolation_level=None)
    for name in ("pragma_application_id", "pragma_user_version"):
        connection.execute(f"create view {name} as {ENDLESS} select max(x) as {name[7:]} from c")
    connection.close()
    assert run_sql(store, "select 1").rows == [(1,)]


def test_damaged_rows_are_shown_as_damaged(writer: Writer, path: Path) -> None:
    """One of them does not hide the others."""
    writer.write([call(number) for number in range(1, 5)])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("update span set data = '[\"x' where id = 2")
    connection.close()
    values = [value for (value,) in run_sql(path, "select data_value from data_trace order by span_id").rows]
    assert values == ["order 1", "return 1", "(damaged)", "(damaged)", "order 3", "return 3", "order 4", "return 4"]


def test_the_view_of_values_is_that_of_the_file(writer: Writer, path: Path, reader: Reader) -> None:
    """All columns, by name and in their order."""
    writer.write([call(number, parent_span_id=span_id(1)) for number in range(1, 5)])
    found = reader.query("select * from data_trace order by span_id, data")
    answer = run_sql(path, "select * from data_trace order by span_id, data")
    assert answer.columns == list(found[0].keys())
    assert answer.rows == [tuple(row) for row in found]
