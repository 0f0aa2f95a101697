"""Calls with their values, of a whole trace or the latest, as input for lineage."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.store.file import Readable, Row
from obsv.store.ground import Window, read_fields, read_values
from obsv.store.spans.call import hex_id
from obsv.times import ts

# This many calls are read and compared in 50 ms.
MOST_CALLS = 3_000

SPANS = """
select s.trace_id, s.span_id, s.start_ns, s.duration_ns, s.process_id, s.signature_id, s.data from span s
"""
# Neighbours in time, so that nearly all traces among them are complete.
LATEST = SPANS + "indexed by span_by_ts where s.ts >= :start and s.ts < :end order by s.ts desc limit :limit"
OF_TRACE = SPANS + "where s.trace = :trace order by s.start_ns, s.id limit :limit"
SIGNATURES = "select g.id, g.fields from json_each(:ids) j cross join signature g on g.id = j.value"
PROCESSES = """
select p.id, p.name, p.service, p.process_group, p.kind from json_each(:ids) j cross join process p on p.id = j.value
"""


class ValuedCall(NamedTuple):
    """A call and its values, `(name, INPUT or OUTPUT, value)`."""

    trace_id: bytes
    span_id: bytes
    start_ns: int
    end_ns: int
    process_id: int
    values: list[tuple[str, str, Any]]


class ValuedCalls(NamedTuple):
    """Calls and their functions: `(name, service, group, kind)` by process ID. `cut`: whether there were more calls."""

    calls: list[ValuedCall]
    processes: dict[int, tuple[str, str, str, int]]
    cut: bool


def valued_calls(reader: Readable, window: Window, trace_id: str | None = None, limit: int = MOST_CALLS) -> ValuedCalls:
    """Return the latest calls of a window, or the first of a trace.

    Args:
        reader: reader of the store.
        window: the window; ignored if a trace is given.
        trace_id: hex.
        limit: maximum number of calls.

    Raises:
        NotFound: the trace ID is malformed.
    """
    with reader.snapshot() as store:
        if trace_id:
            rows = store.query(OF_TRACE, {"trace": hex_id(trace_id, 32), "limit": limit})
        else:
            rows = store.query(LATEST, {"start": ts(window.start_ns), "end": ts(window.end_ns), "limit": limit})
        signatures = {row["signature_id"] for row in rows}
        fields = {row[0]: read_fields(row[1]) for row in store.query(SIGNATURES, {"ids": str(sorted(signatures))})}
        ids = sorted({row["process_id"] for row in rows})
        processes = {row[0]: tuple(row)[1:] for row in store.query(PROCESSES, {"ids": str(ids)})}
    return ValuedCalls([_call(row, fields) for row in rows], processes, len(rows) == limit)


def _call(row: Row, fields: dict[int, list[tuple[str, str]]]) -> ValuedCall:
    named = zip(fields[row["signature_id"]], read_values(row["data"]), strict=False)
    values = [(name, data_type, value) for (name, data_type), value in named]
    end_ns = row["start_ns"] + row["duration_ns"]
    return ValuedCall(row["trace_id"], row["span_id"], row["start_ns"], end_ns, row["process_id"], values)
