"""The kinds of rows that are archived: calls with values, log records, decisions with gates, and outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from obsv.archive.columns import CALL_COLUMNS, calls_in
from obsv.archive.decision_columns import DECISION_COLUMNS, OUTCOME_COLUMNS, decisions_in, outcomes_in
from obsv.archive.log_columns import LOG_COLUMNS, logs_in
from obsv.archive.parquet import Columns, Wanted
from obsv.store.seam import SQLiteStore
from obsv.store.writing import CALLS, DECISIONS, LOGS, OUTCOMES, Writer

# SeverityNumber of ERROR.
_ERROR = 17


class Kind(NamedTuple):
    """A kind of rows.

    Args:
        name: in the catalog, and of its directory.
        columns: of its files.
        starts_after: yields `id` and time of the rows after one.
        between: yields the rows after one and up to another, in chunks, as the columns take them.
        time: name of the column with a row's time, Unix time in ns.
        state: name of a column, and which values of it are errors.
        read: yields the rows of a file, which this store wrote, as they are stored.
        time_of: returns the time of a row that was read.
        store: writes rows that were read.
    """

    name: str
    columns: Columns
    starts_after: Callable[[SQLiteStore, int], Iterator[tuple[int, int]]]
    between: Callable[[SQLiteStore, int, int], Iterator[list[Any]]]
    time: str
    state: tuple[str, Callable[[Any], bool]]
    read: Callable[[bytes, Wanted | None], Iterator[list[Any]]]
    time_of: Callable[[Any], int]
    store: Callable[[Writer, Sequence[Any]], object]

    def value(self, column: str) -> Callable[[Any], Any]:
        """Return what gives a row's value in a column."""
        return next(each.of for each in self.columns.columns if each.name == column)


KINDS = (
    Kind(
        CALLS,
        CALL_COLUMNS,
        lambda store, position: store.starts_after(position),
        lambda store, after, last: store.spans_between(after, last),
        "start_ns",
        ("status_code", lambda status: bool(status == 2)),
        lambda content, wanted: calls_in(content, True, wanted),
        lambda row: int(row.start_ns),
        lambda writer, rows: writer.write(rows),
    ),
    Kind(
        LOGS,
        LOG_COLUMNS,
        lambda store, position: store.log_starts_after(position),
        lambda store, after, last: store.logs_between(after, last),
        "time_ns",
        ("severity_number", lambda severity: bool(severity >= _ERROR)),
        lambda content, wanted: logs_in(content, True, wanted),
        lambda row: int(row.time_ns),
        lambda writer, rows: writer.write([], logs=rows),
    ),
    Kind(
        DECISIONS,
        DECISION_COLUMNS,
        lambda store, position: store.decision_starts_after(position),
        lambda store, after, last: store.decisions_between(after, last),
        "time_ns",
        ("verdict", lambda verdict: bool(verdict == "error")),
        decisions_in,
        lambda each: int(each.row.time_ns),
        lambda writer, rows: writer.restore(decisions=rows),
    ),
    Kind(
        OUTCOMES,
        OUTCOME_COLUMNS,
        lambda store, position: store.outcome_starts_after(position),
        lambda store, after, last: store.outcomes_between(after, last),
        "time_ns",
        ("method", lambda method: False),
        outcomes_in,
        lambda each: int(each.row.time_ns),
        lambda writer, rows: writer.restore(outcomes=rows),
    ),
)


def kind_named(name: str) -> Kind:
    """Return a kind by its name in the catalog."""
    return next(kind for kind in KINDS if kind.name == name)
