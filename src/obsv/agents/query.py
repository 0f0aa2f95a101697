"""`query`: one SQL statement over the two views."""

from __future__ import annotations

import re
from typing import Any

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.nearest import suggestion
from obsv.analysis.markdown import code
from obsv.errors import InvalidQuery
from obsv.nouns import counted

# The public views of the store.
VIEWS = {
    "process_trace": (
        "ts", "process", "status", "duration_ms", "exception", "process_group", "trace_id", "span_id",
        "parent_span_id", "depth", "thread_id", "service",
    ),
    "data_trace": (
        "ts", "process", "data", "data_type", "data_value", "status", "exception", "process_group", "trace_id",
        "span_id",
    ),
}  # fmt: skip
MOST_ROWS = 1_000
_LONGEST = 200
_NO_COLUMN = re.compile(r"no such column: (?:\w+\.)?(?P<name>\w+)")
_NO_TABLE = re.compile(r"no such table: (?P<name>\w+)")


def query(asked: Asked, sql: str, max_tokens: int = USUAL_TOKENS) -> str:
    """Return the rows of one read-only SQLite statement.

    Views: process_trace (one row per call: ts, process, status, duration_ms, exception, process_group, trace_id,
    span_id,
    parent_span_id, depth, thread_id, service) and data_trace (one row per value: ts, process, data, data_type,
    data_value, status, exception, process_group, trace_id, span_id). status is OK or ERR, data_type INPUT or OUTPUT;
    ts is UTC text that compares with datetime('now', '-30 seconds'); data_value is text.

    Args:
        asked: the store.
        sql: the statement.
        max_tokens: maximum length of the answer.

    Raises:
        InvalidQuery: the statement is not read-only, or SQLite cannot parse it; the message suggests similar names.
        QueryTimeout: the statement took longer than five seconds.
    """
    try:
        found = asked.store.run_sql(sql, MOST_ROWS)
    except InvalidQuery as error:
        raise InvalidQuery(f"{error}{_nearest(str(error))}") from None
    answer = Answer("Rows", max_tokens, "Select fewer columns, add a LIMIT, or use substr() on long values.")
    more = f" There are more than {MOST_ROWS:,} rows: add a LIMIT or narrow the query." if found.truncated else ""
    answer.add(f"{counted(len(found.rows), 'row')}.{more}")
    answer.items(
        "Columns: " + ", ".join(code(name, 80) for name in found.columns[:50]),
        (", ".join(map(_cell, row[:50])) for row in found.rows),
    )
    return answer.text()


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return code(f"x'{value[:_LONGEST].hex()}'", _LONGEST)
    return code(str(value), _LONGEST) if isinstance(value, str) else str(value)


def _nearest(message: str) -> str:
    if wrong := _NO_COLUMN.search(message):
        known = dict.fromkeys(name for columns in VIEWS.values() for name in columns)
        views = "; ".join(f"{view}: {', '.join(columns)}" for view, columns in VIEWS.items())
        return f".{suggestion(wrong['name'], known)} Columns of {views}."
    if wrong := _NO_TABLE.search(message):
        return f".{suggestion(wrong['name'], VIEWS)}"
    return ""
