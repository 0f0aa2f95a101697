"""A narrow copy of the spans, sorted by time, kept by a materialized view of ClickHouse: optional, for large tables.

The collector's table is sorted by service and name, and process groups are among its attributes: adding up an hour
reads the attributes of most rows of the day. The copy has the same columns, as far as sums need them, and of the
attributes only those with a meaning for obsv, besides the names of all.
"""

from __future__ import annotations

from importlib.resources import files

from obsv import semconv
from obsv.clickhouse.client import Client

SUFFIX = "_obsv"
_KEPT = (
    semconv.PROCESS_GROUP,
    semconv.FEED,
    semconv.CPU_TIME_NS,
    semconv.MEMORY_GROWTH_BYTES,
    semconv.CODE_FILE_PATH,
    semconv.CODE_LINE_NUMBER,
    semconv.CODE_SOURCE_TEXT,
)
_COLUMNS = (
    "Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ScopeName, "
    f"mapApply((key, value) -> (key, if(key in {_KEPT}, value, '')), SpanAttributes) AS SpanAttributes, "
    "Duration, StatusCode"
)
_IS_THERE = "select count() from system.tables where database = currentDatabase() and name = '{table}'"
_FIRST = "select toUnixTimestamp64Nano(min(Timestamp)) from {table} where Timestamp > '1970-01-02'"


def statements(table: str, days: int) -> list[str]:
    """Return the statements that make the copy and fill it from the rows that are there.

    Args:
        table: name of the collector's table.
        days: how long the copy keeps rows.
    """
    text = files("obsv.clickhouse").joinpath("narrow.sql").read_text(encoding="utf-8")
    return [each.format(table=table, days=int(days), columns=_COLUMNS) for each in text.split(";\n") if each.strip()]


def first_ns(client: Client) -> int | None:
    """Return the start of the first span in the copy, Unix time in ns; None if there is no copy."""
    table = client.address.table + SUFFIX
    if not client.rows(_IS_THERE.format(table=table))[0][0]:
        return None
    return int(client.rows(_FIRST.format(table=table))[0][0]) or None
