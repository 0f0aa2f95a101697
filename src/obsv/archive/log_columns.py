"""Log records as columns of a Parquet file, and back: one row per record, readable without obsv."""

from __future__ import annotations

from collections.abc import Iterator

from obsv.archive.parquet import INT, TEXT, TIME, Column, Columns, Wanted
from obsv.store import Source
from obsv.store.ground import LogRow, machine_mark

LOG_COLUMNS = Columns(
    (
        Column("id", INT, lambda each: each.id),
        Column("ts", TIME, lambda each: each.row.time_ns // 1_000),
        Column("time_ns", INT, lambda each: each.row.time_ns),
        Column("severity_number", INT, lambda each: each.row.severity),
        Column("severity_text", TEXT, lambda each: each.row.severity_text),
        Column("event_name", TEXT, lambda each: each.row.event_name),
        Column("body", TEXT, lambda each: each.row.body),
        Column("attributes", TEXT, lambda each: each.row.attributes),
        Column("trace_id", TEXT, lambda each: each.row.trace_id.hex()),
        Column("span_id", TEXT, lambda each: each.row.span_id.hex()),
        Column("process", TEXT, lambda each: each.row.process),
        Column("thread", TEXT, lambda each: each.row.thread),
        Column("service", TEXT, lambda each: each.row.source.service),
        Column("resource", TEXT, lambda each: each.row.source.resource),
        Column("scope", TEXT, lambda each: each.row.source.scope),
        Column("origin", TEXT, lambda each: each.origin),
    )
)


def logs_in(content: bytes, trusted: bool, wanted: Wanted | None = None) -> Iterator[list[LogRow]]:
    """Yield the log records in a Parquet file as rows of the store.

    Args:
        content: the file.
        trusted: whether the file is known to be as this store wrote it; records of any other count as received.
        wanted: which records; None for all.

    Raises:
        ForeignFile: it is not one of ours.
    """
    own = machine_mark() if trusted else None
    seen: dict[tuple[str, str, str, bool], Source] = {}
    for rows in LOG_COLUMNS.read(content, wanted):
        found = []
        for has in (dict(zip(LOG_COLUMNS.names, values, strict=True)) for values in rows):
            key = has["service"], has["resource"], has["scope"], own is None or has["origin"] != own
            source = seen.get(key) or seen.setdefault(key, Source(*key))
            found.append(
                LogRow(
                    source,
                    has["time_ns"],
                    has["severity_number"],
                    has["severity_text"],
                    has["event_name"],
                    has["body"],
                    has["attributes"],
                    bytes.fromhex(has["trace_id"]),
                    bytes.fromhex(has["span_id"]),
                    has["process"],
                    has["thread"],
                )
            )
        yield found
