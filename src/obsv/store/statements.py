"""Many rows in one SQL statement.

After each statement a thread has to win the interpreter lock back: up to 5 ms while another thread computes. So a
batch is written in as few statements as can be, in a few fixed sizes, so that each is compiled once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any

# A statement of 1,000 rows of 16 columns stays below SQLite's 32,766 parameters.
FULL = 1_000
_TAILS = (1, 4, 16, 64, 256, FULL)


class Insert:
    """`INSERT` of any number of rows into one table.

    Args:
        table: name of the table.
        columns: their names, comma-separated; the first is never NULL in a row.
        conflict: what follows `ON CONFLICT`.
    """

    def __init__(self, table: str, columns: str, conflict: str) -> None:
        self.width = columns.count(",") + 1
        self._head = f"insert into {table}({columns}) "
        self._end = f" on conflict {conflict}"

    def run(self, connection: sqlite3.Connection, values: list[Any]) -> int:
        """Inserts rows.

        Args:
            connection: in a transaction.
            values: the rows' values, one after the other.

        Returns:
            how many rows were inserted or updated.
        """
        step, changed = FULL * self.width, 0
        for start in range(0, len(values), step):
            part = values[start : start + step] if len(values) > step else values
            changed += connection.execute(*self._fill(part, len(part) // self.width)).rowcount
        return changed

    def _fill(self, part: list[Any], given: int) -> tuple[str, list[Any]]:
        if given == FULL:
            return _plain(self._head, self._end, self.width), part
        size = next(size for size in _TAILS if size >= given)
        return _padded(self._head, self._end, self.width, size), part + [None] * ((size - given) * self.width)


@cache
def _plain(head: str, end: str, width: int) -> str:
    return f"{head}values {_marks(width, FULL)}{end}"


# Rows of NULL fill the statement up and are not selected: one statement of a known size instead of several.
@cache
def _padded(head: str, end: str, width: int, rows: int) -> str:
    return f"{head}select * from (values {_marks(width, rows)}) where column1 is not null{end}"


def _marks(width: int, rows: int) -> str:
    return ",".join(["(" + ",".join("?" * width) + ")"] * rows)


class Lookup:
    """Finds the ids of many rows by their content.

    Args:
        table: name of the table.
        keys: the columns looked up, comma-separated.
        wanted: the columns returned, comma-separated.
    """

    def __init__(self, table: str, keys: str, wanted: str = "id") -> None:
        columns = [key.strip() for key in keys.split(",")]
        self._width = len(columns) + 1
        found = " and ".join(f"t.{column} = v.column{number}" for number, column in enumerate(columns, start=2))
        shown = ", ".join(f"t.{column.strip()}" for column in wanted.split(","))
        self._head = f"select v.column1, {shown} from (values "
        self._end = f") v cross join {table} t on {found}"

    def run(self, connection: sqlite3.Connection, keys: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Looks rows up.

        Returns:
            `(position in keys, *wanted columns)` of each row found.
        """
        found: list[Any] = []
        for start in range(0, len(keys), FULL):
            part = keys[start : start + FULL]
            size = next(size for size in _TAILS if size >= len(part))
            values = [value for position, key in enumerate(part, start) for value in (position, *key)]
            values += [None] * ((size - len(part)) * self._width)
            found += connection.execute(self._sql(size), values)
        return found

    def _sql(self, rows: int) -> str:
        return f"{self._head}{_marks(self._width, rows)}{self._end}"
