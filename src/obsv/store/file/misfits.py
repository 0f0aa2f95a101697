"""Values of another kind than their column declares: SQLite keeps a text in an integer column, and readers fail on it.

Searched for only after something failed, to tell a file that others changed from a bug: checking each row that is
read would slow down every query.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from obsv.errors import ForeignFile
from obsv.store.file.connection import open_reader

# How reading code fails when a value is of another kind than it expects.
MISREADINGS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)

_ALLOWED = {"integer": ("integer",), "real": ("real", "integer"), "text": ("text",), "blob": ("blob",)}
# Beyond, sums with it leave the 64 bits of an SQLite integer: the year 2116, or a duration of 146 years.
_LARGEST_NS = 2**62
_INFINITE, _TOO_LARGE = "infinite", "out of range"
_PATIENCE_S = 5.0
_STEPS_A_LOOK = 20_000
_TABLES = "select name from main.sqlite_schema where type = 'table' and name not like 'sqlite~_%' escape '~' order by 1"


def find_misfit(path: Path) -> ForeignFile | None:
    """Return the error for the first value of another kind than its column; None if none is found within 5 s.

    The value itself is not part of the message: it may be anything, also a secret.
    """
    try:
        with closing(open_reader(path)) as connection:
            deadline = time.monotonic() + _PATIENCE_S
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_A_LOOK)
            for (table,) in connection.execute(_TABLES).fetchall():
                found = _first_in(connection, table)
                if found is not None:
                    return _error(path, table, *found)
    except (sqlite3.Error, ForeignFile):
        return None
    return None


def _first_in(connection: sqlite3.Connection, table: str) -> tuple[str, str, str] | None:
    """Return column, declared kind and actual kind of the first misfit in a table."""
    columns = {row["name"]: (row["type"].lower(), row["notnull"]) for row in _columns(connection, table)}
    checked = {name: _fault_of(name, *about) for name, about in columns.items() if about[0] in _ALLOWED}
    if not checked:
        return None
    faults = list(checked.values())
    row = connection.execute(
        f"select {', '.join(faults)} from main.{_quoted(table)} where coalesce({', '.join(faults)}, null) is not null "
        "limit 1"
    ).fetchone()
    if row is None:
        return None
    return next((name, columns[name][0], kind) for name, kind in zip(checked, row, strict=True) if kind is not None)


def _columns(connection: sqlite3.Connection, table: str) -> list[sqlite3.Row]:
    return connection.execute("select * from pragma_table_info(?)", (table,)).fetchall()


def _fault_of(name: str, declared: str, is_required: int) -> str:
    """Return an SQL expression: how a value differs from its column's kind; NULL if it does not."""
    kinds = (*_ALLOWED[declared], *(() if is_required else ("null",)))
    column = _quoted(name)
    whens = f"when typeof({column}) not in ({', '.join(repr(kind) for kind in kinds)}) then typeof({column})"
    if declared == "real":
        whens += f" when {column} in (9e999, -9e999) then '{_INFINITE}'"
    if declared == "integer" and name.endswith("_ns"):
        whens += f" when {column} not between {-_LARGEST_NS} and {_LARGEST_NS} then '{_TOO_LARGE}'"
    return f"case {whens} end"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _error(path: Path, table: str, column: str, declared: str, kind: str) -> ForeignFile:
    return ForeignFile(
        f"{path} holds a value that obsv did not write: {table}.{column} is {kind} in a row, expected {declared}; "
        "correct or delete such rows with sqlite3, or move the file away and record again"
    )
