"""Complete spans for viewers, up to a limit: a trace can have a million."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.spans.stored import SPANS, StoredSpan

# No viewer shows more spans of one trace; as JSON they take about 20 MB.
MOST_SPANS = 20_000
_CHUNK = 5_000


class StoredTrace(NamedTuple):
    """A trace for viewers.

    Args:
        trace_id: 32 hex digits.
        spans: its spans in order of start; never empty.
        left_out: number of spans left out.
    """

    trace_id: str
    spans: list[StoredSpan]
    left_out: int


_OF_TRACE = SPANS + "where s.trace = ? and s.span_id > ? order by s.span_id limit ?"
_COUNT = "select count(*) as spans from span where trace = ?"
_BY_ID = SPANS + "where s.id in (select value from json_each(?)) limit ?"


def read_trace(snapshot: Snapshot, trace_id: str, most: int = MOST_SPANS) -> StoredTrace | None:
    """Return one trace; None if there is none.

    Args:
        snapshot: the snapshot to read.
        trace_id: 32 hex digits, lower-case.
        most: maximum number of spans.
    """
    spans: list[StoredSpan] = []
    while len(spans) < most:
        wanted = min(_CHUNK, most - len(spans))
        rows = snapshot.query(_OF_TRACE, (trace_id, spans[-1].span_id if spans else b"", wanted))
        spans += map(StoredSpan._make, rows)
        if len(rows) < wanted:
            break
    if not spans:
        return None
    spans.sort(key=lambda span: (span.start_ns, span.id))
    left_out = snapshot.query(_COUNT, (trace_id,))[0]["spans"] - len(spans) if len(spans) == most else 0
    return StoredTrace(trace_id, spans, left_out)


def read_traces(snapshot: Snapshot, trace_ids: Sequence[str], most: int = MOST_SPANS) -> list[StoredTrace]:
    """Return several traces in the order given, with `most` spans in total, and at least one of each."""
    found = []
    for place, trace_id in enumerate(trace_ids):
        trace = read_trace(snapshot, trace_id, max(1, most - (len(trace_ids) - place - 1)))
        if trace is not None:
            found.append(trace)
            most -= len(trace.spans)
    return found


def read_spans(snapshot: Snapshot, identities: Sequence[int]) -> dict[int, StoredSpan]:
    """Return spans by the IDs of their rows."""
    rows = snapshot.query(_BY_ID, (json.dumps(list(identities)), len(identities)))
    return {row["id"]: StoredSpan._make(row) for row in rows}
