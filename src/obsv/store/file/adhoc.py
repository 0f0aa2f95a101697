"""SQL written by a user: one read-only statement."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, NamedTuple

from obsv.errors import InvalidQuery, QueryTimeout
from obsv.store.file.connection import open_reader
from obsv.store.file.failures import about_the_file
from obsv.store.file.masking import leads_around, masks_values
from obsv.store.file.reader import ROW_LIMIT, STEPS_A_LOOK, TIME_LIMIT_S, lenient_text

# Maximum size of all values of an answer together, and of one value.
MAX_BYTES = 64 << 20
_MAX_VALUE = 16 << 20
MAX_HEAP = 512 << 20
_LENGTH_LIMIT = 0  # SQLITE_LIMIT_LENGTH

# The view as the file has it, but for rows whose values or shape are damaged: SQLite fails the whole statement there.
_DATA_TRACE = """
create temp view data_trace as
select s.ts as ts, n.name as process, f.name as data, f.data_type as data_type,
  iif(json_valid(s.data), json_extract(s.data, '$[' || cast(f.position as integer) || ']'), '(damaged)') as data_value,
  s.outcome as status, s.exception as exception, p.process_group as process_group, s.trace as trace_id,
  lower(hex(s.span_id)) as span_id
from {schema}.span s left join main.process_name n on n.id = s.name_id left join main.process p on p.id = s.process_id
  cross join main.signature_field f
where f.signature_id = s.signature_id
"""
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
# These only report; others, or these with a value, would change a setting.
_PRAGMAS = {
    "application_id", "auto_vacuum", "cache_size", "collation_list", "compile_options", "database_list", "encoding",
    "freelist_count", "function_list", "journal_mode", "page_count", "page_size", "pragma_list", "schema_version",
    "user_version",
}  # fmt: skip
_PRAGMAS_OF_A_TABLE = {
    "foreign_key_list", "index_info", "index_list", "index_xinfo", "integrity_check", "quick_check", "table_info",
    "table_list", "table_xinfo",
}  # fmt: skip
# SQLite's messages when the authorizer, or the read-only file, forbids a statement.
_FORBIDDEN = ("not authorized", "prohibited", "authorization denied", "readonly")


class Answer(NamedTuple):
    """The result of a statement.

    Args:
        columns: names as reported by SQLite.
        rows: values: None, int, float, str or bytes.
        truncated: whether there are more rows than were read.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool


def run_sql(path: str | Path, sql: str, *, time_limit_s: float = TIME_LIMIT_S, row_limit: int = ROW_LIMIT) -> Answer:
    """Run one statement of a user on a store. It can only read: no write, no ATTACH, no extension.

    Args:
        path: the database file.
        sql: one SELECT, EXPLAIN or reading PRAGMA.
        time_limit_s: time limit in seconds.
        row_limit: maximum number of rows to read.

    Raises:
        InvalidQuery: SQLite cannot parse it, or it is not read-only.
        QueryTimeout: it exceeded the time limit.
        StoreError: the file cannot be read.
    """
    path = Path(path)
    if masks_values() and leads_around(sql):
        raise InvalidQuery(
            "values are masked for you, so a statement may only name views and tables, without the name of a database: "
            "the views are process_trace and data_trace"
        )
    connection = open_reader(path)
    connection.text_factory = lenient_text
    try:
        _show_damaged(connection)
        _confine(connection, time.monotonic() + time_limit_s)
        return _answer(connection, sql, row_limit)
    except (sqlite3.Warning, sqlite3.ProgrammingError) as error:
        raise InvalidQuery(f"only one statement is allowed: {error}") from error
    except MemoryError as error:
        raise InvalidQuery(f"the query used more than {MAX_HEAP >> 20} MB of memory; narrow it") from error
    except sqlite3.Error as error:
        text = str(error)
        if "interrupted" in text:
            raise QueryTimeout(f"the query ran longer than {time_limit_s:g} s; narrow it, or add a LIMIT") from error
        if any(words in text for words in _FORBIDDEN):
            raise InvalidQuery(f"only read-only statements are allowed: {text}") from error
        hint = "; the views are process_trace and data_trace" if text.startswith("no such table") else ""
        raise about_the_file(error, path) or InvalidQuery(text + hint) from error
    finally:
        connection.close()


def _answer(connection: sqlite3.Connection, sql: str, row_limit: int) -> Answer:
    cursor = connection.execute(sql)
    columns = [column[0] for column in cursor.description or ()]
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        if len(rows) == row_limit or size > MAX_BYTES:
            return Answer(columns, rows, True)
        rows.append(tuple(row))
        size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
    return Answer(columns, rows, False)


def _show_damaged(connection: sqlite3.Connection) -> None:
    connection.execute("pragma query_only = off")  # the file is open read-only all the same
    connection.execute("drop view if exists temp.data_trace")
    connection.execute(_DATA_TRACE.format(schema="temp" if masks_values() else "main"))
    connection.execute("pragma query_only = on")


def _confine(connection: sqlite3.Connection, deadline: float) -> None:
    if hasattr(connection, "setlimit"):  # Python 3.11
        connection.setlimit(_LENGTH_LIMIT, _MAX_VALUE)
    # Applies to all SQLite connections of this process; sorting and grouping would otherwise use all memory.
    connection.execute(f"pragma hard_heap_limit = {MAX_HEAP}")
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_A_LOOK)
    connection.set_authorizer(_authorize)


def _authorize(action: int, first: str | None, second: str | None, database: str | None, source: str | None) -> int:
    if action in _READS:
        # The begin records of running calls, with their values; readers of rings need them.
        if (first, second) == ("ring", "open") and masks_values():
            return sqlite3.SQLITE_IGNORE
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second == "load_extension" else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first is not None:
        name = first.lower()
        if name in _PRAGMAS_OF_A_TABLE or (name in _PRAGMAS and second is None):
            return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
