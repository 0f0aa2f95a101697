"""The kinds of rows that are archived: calls with their values, and log records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from obsv.archive.columns import CALL_COLUMNS
from obsv.archive.log_columns import LOG_COLUMNS
from obsv.archive.parquet import Columns
from obsv.store.seam import Store
from obsv.store.writing import CALLS, LOGS

# SeverityNumber of ERROR.
_ERROR = 17


class Kind(NamedTuple):
    """A kind of rows.

    Args:
        name: in the catalog, and of its directory.
        columns: of its files.
        starts_after: yields `id` and time of the rows after one.
        between: yields the rows after one and up to another, in chunks.
        place: returns `id` and time of a row.
        is_error: whether a row counts as an error.
    """

    name: str
    columns: Columns
    starts_after: Callable[[Store, int], Iterator[tuple[int, int]]]
    between: Callable[[Store, int, int], Iterator[list[Any]]]
    place: Callable[[Any], tuple[int, int]]
    is_error: Callable[[Any], bool]


KINDS = (
    Kind(
        CALLS,
        CALL_COLUMNS,
        lambda store, position: store.starts_after(position),
        lambda store, after, last: store.spans_between(after, last),
        lambda each: (each.span.id, each.span.start_ns),
        lambda each: bool(each.span.status == 2),
    ),
    Kind(
        LOGS,
        LOG_COLUMNS,
        lambda store, position: store.log_starts_after(position),
        lambda store, after, last: store.logs_between(after, last),
        lambda each: (each.id, each.row.time_ns),
        lambda each: bool(each.row.severity >= _ERROR),
    ),
)
