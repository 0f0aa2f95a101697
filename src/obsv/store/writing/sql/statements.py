"""Many rows in one SQL statement.

After each statement a thread has to reacquire the interpreter lock: up to 5 ms while another thread computes. So a
batch
is written in as few statements as possible, in a few fixed sizes, so that each is compiled once.

Parameter types matter too: sqlite3 binds an integer in 16 ns, a short string in 50, a bytearray in 60, None in 200 and
bytes in 280, all holding the interpreter lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

_SIZES = (1, 4, 16, 64, 256, 512, 1_000, 2_500, 5_000)
# SQLite's default; Debian's allows 250,000, and Python 3.10 cannot query it.
_DEFAULT_PARAMETERS = 32_766
_PARAMETER_LIMIT = 9  # SQLITE_LIMIT_VARIABLE_NUMBER
# Two forms are joined if the saved statement has many rows, and the full form has at least this many.
_WORTH_JOINING = 1_000
_FULL_ROWS = (64, 256)
# Fills a statement up: less than half the time of None.
_NOTHING = -1


class Insert:
    """`INSERT` of any number of rows into one table, or one view with a trigger.

    Args:
        table: name of the table.
        columns: column names, comma-separated; the first is never -1 in a row.
        conflict: text after `ON CONFLICT`; empty for a view.
        expressions: for columns that are not just `?`.
        unique: whether existing rows are skipped, so that any row may be given twice.
    """

    def __init__(
        self,
        table: str,
        columns: str,
        conflict: str = "",
        expressions: Mapping[str, str] | None = None,
        *,
        unique: bool = False,
    ) -> None:
        self._unique = unique
        names = [name.strip() for name in columns.split(",")]
        self.width = len(names)
        self.row = ",".join((expressions or {}).get(name, "?") for name in names)
        self._head = f"insert into {table}({columns}) "
        self._end = f" on conflict {conflict}" if conflict else ""

    def run(self, connection: sqlite3.Connection, values: list[Any]) -> int:
        """Insert rows.

        Args:
            connection: connection in a transaction.
            values: the rows' values in sequence.

        Returns:
            The number of rows inserted or updated.
        """
        changed = start = 0
        for size, rows in portions(len(values) // self.width, _sizes(connection, self.width)):
            end = start + rows * self.width
            part = values[start:end] if end - start < len(values) else values
            spare = size - rows
            if not spare:
                sql = self.plain(size)
            elif self._unique and spare < size // 10:
                # Cheaper than the other way, which copies every value once more: a fifth of the time.
                sql = self.plain(size)
                part = part + part[: self.width] * spare
            else:
                sql = _padded(self._head, self._end, self.row, size)
                part = part + [_NOTHING] * (spare * self.width)
            changed += connection.execute(sql, part).rowcount
            start = end
        return changed

    def plain(self, rows: int, short_row: str = "", shorts: int = 0) -> str:
        """Return the statement for exactly `rows` rows, after `shorts` rows of another form."""
        return _plain(self._head, self._end, self.row, rows, short_row, shorts)


class Joined:
    """Two forms of rows of one table in one statement: without the last columns, and with them.

    Args:
        short: omits columns.
        full: has all of them, and begins with those of `short`. Both are `unique`.
    """

    def __init__(self, short: Insert, full: Insert) -> None:
        self._short, self._full = short, full
        self._row = short.row + ",null" * (full.width - short.width)

    def run(self, connection: sqlite3.Connection, short: list[Any], full: list[Any]) -> int:
        """Insert rows of both forms, the short ones first; return the number inserted."""
        shorts, fulls = len(short) // self._short.width, len(full) // self._full.width
        parts = portions(shorts, _sizes(connection, self._short.width))
        size, given = parts[-1] if parts else (0, 0)
        room = next((room for room in _FULL_ROWS if room >= fulls), 0)
        parameters = size * self._short.width + room * self._full.width
        if size < _WORTH_JOINING or not fulls or not room or parameters > _limit(connection):
            return self._short.run(connection, short) + self._full.run(connection, full)
        rest = (shorts - given) * self._short.width
        changed = self._short.run(connection, short[:rest])
        values = short[rest:] + short[: self._short.width] * (size - given)
        values += full + full[: self._full.width] * (room - fulls)
        return changed + connection.execute(self._full.plain(room, self._row, size), values).rowcount


class Lookup:
    """A look-up of many rows by their content.

    Args:
        table: name of the table.
        keys: the key columns, comma-separated.
        wanted: the columns to return, comma-separated.
    """

    def __init__(self, table: str, keys: str, wanted: str = "id") -> None:
        columns = [key.strip() for key in keys.split(",")]
        self._width = len(columns) + 1
        self._row = ",".join("?" * self._width)
        found = " and ".join(f"t.{column} = v.column{number}" for number, column in enumerate(columns, start=2))
        shown = ", ".join(f"t.{column.strip()}" for column in wanted.split(","))
        self._head = f"select v.column1, {shown} from (values "
        self._end = f") v cross join {table} t on {found} where v.column1 is not {_NOTHING}"

    def run(self, connection: sqlite3.Connection, keys: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Look up rows.

        Returns:
            `(position in keys, *wanted columns)` of each row found.
        """
        found: list[Any] = []
        start = 0
        for size, rows in portions(len(keys), _sizes(connection, self._width)):
            part = enumerate(keys[start : start + rows], start)
            values = [value for position, key in part for value in (position, *key)]
            values += [_NOTHING] * ((size - rows) * self._width)
            found += connection.execute(f"{self._head}{_repeated(self._row, size)}{self._end}", values)
            start += rows
        return found


def portions(rows: int, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return statements for a number of rows: `(rows of the statement, rows given)`; only the last has unused rows."""
    portions = []
    largest = sizes[-1]
    while rows > 0:
        size = next((size for size in sizes if size >= rows), largest)
        # A half-empty large statement costs more than an additional statement.
        if size > 1_000 and size > 1.25 * rows:
            size = max(other for other in sizes if other <= rows)
        portions.append((size, min(size, rows)))
        rows -= size
    return portions


def _sizes(connection: sqlite3.Connection, width: int) -> Sequence[int]:
    return sizes_within(_limit(connection) // width)


def _limit(connection: sqlite3.Connection) -> int:
    return connection.getlimit(_PARAMETER_LIMIT) if hasattr(connection, "getlimit") else _DEFAULT_PARAMETERS


@cache
def sizes_within(most: int) -> Sequence[int]:
    return tuple(size for size in _SIZES if size <= most)


@cache
def _plain(head: str, end: str, row: str, rows: int, short_row: str, shorts: int) -> str:
    before = f"{_repeated(short_row, shorts)}," if shorts else ""
    return f"{head}values {before}{_repeated(row, rows)}{end}"


# Rows that only fill the statement are not selected: one statement of a known size instead of several.
@cache
def _padded(head: str, end: str, row: str, rows: int) -> str:
    return f"{head}select * from (values {_repeated(row, rows)}) where column1 is not {_NOTHING}{end}"


@cache
def _repeated(row: str, rows: int) -> str:
    return ",".join([f"({row})"] * rows)
