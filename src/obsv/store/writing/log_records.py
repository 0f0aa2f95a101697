"""Log records on their way into the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from obsv.store.ground import CARRIERS, LogRow, Source
from obsv.store.writing.decisions import read_carriers
from obsv.store.writing.interning import Ids
from obsv.store.writing.sql.statements import Insert

_LOGS = Insert(
    "log_record",
    "time_ns, severity, severity_text, event_name, trace_id, span_id, process, source_id, thread, body, attributes, "
    "digest",
    "do nothing",
    unique=True,
)
_DIGEST_BYTES = 16
_MOST = (1 << 63) - 1


def write_logs(connection: sqlite3.Connection, rows: Sequence[LogRow], ids: Ids) -> int:
    """Store log records, in the transaction that is open; return how many are new. Decisions go into their own tables.

    Args:
        rows: those that are there already, in every part the same, are passed over: senders try again.
        ids: knows the sources of all rows.
    """
    carriers = [row for row in rows if row.event_name in CARRIERS]
    if carriers:
        decided, rest = read_carriers(carriers, _digest)
        decided.write(connection)
        rows = [row for row in rows if row.event_name not in CARRIERS] + rest
    values: list[Any] = []
    for row in rows:
        values += (
            min(max(row.time_ns, 0), _MOST),
            row.severity,
            row.severity_text,
            row.event_name,
            bytearray(row.trace_id),
            bytearray(row.span_id),
            row.process,
            ids.sources[row.source],
            row.thread,
            row.body,
            row.attributes,
            _digest(row),
        )
    return _LOGS.run(connection, values)


def _digest(row: LogRow) -> bytes:
    parts = _head(row.source) + repr(row[1:])[1:]
    return blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


@lru_cache(maxsize=256)
def _head(source: Source) -> str:
    """Return the beginning of the `repr` of a record's parts, from `(` to the comma after its source."""
    return f"({source.service!r}, {source.resource!r}, {source.scope!r}, "
