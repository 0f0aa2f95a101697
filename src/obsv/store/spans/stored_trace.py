"""Spans read whole for viewers, bounded: a trace can have a million."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.spans.stored import SPANS, StoredSpan

# No viewer shows more of one trace; all of its spans as JSON are some 20 MB.
MOST_SPANS = 20_000
_CHUNK = 5_000


class StoredTrace(NamedTuple):
    """A trace.

    Args:
        trace_id: 32 hex digits.
        spans: in order of start; never empty.
        left_out: how many more there are.
    """

    trace_id: str
    spans: list[StoredSpan]
    left_out: int


_OF_TRACE = SPANS + "where s.trace = ? and s.span_id > ? order by s.span_id limit ?"
_COUNT = "select count(*) as spans from span where trace = ?"
_BY_ID = SPANS + "where s.id in (select value from json_each(?)) limit ?"


def read_trace(snapshot: Snapshot, trace_id: str, most: int = MOST_SPANS) -> StoredTrace | None:
    """One trace; None when there is none.

    Args:
        snapshot: where to look.
        trace_id: 32 hex digits, lower-case.
        most: how many of its spans.
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
    """Several traces in the order given, with `most` spans in all, and at least one of each."""
    found = []
    for place, trace_id in enumerate(trace_ids):
        trace = read_trace(snapshot, trace_id, max(1, most - (len(trace_ids) - place - 1)))
        if trace is not None:
            found.append(trace)
            most -= len(trace.spans)
    return found


def read_spans(snapshot: Snapshot, identities: Sequence[int]) -> dict[int, StoredSpan]:
    """Spans by their rows' ids."""
    rows = snapshot.query(_BY_ID, (json.dumps(list(identities)), len(identities)))
    return {row["id"]: StoredSpan._make(row) for row in rows}
