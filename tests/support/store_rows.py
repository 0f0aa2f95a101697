"""Rows for the tests of the store, and what its rollups should be when they are counted anew from the raw rows."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from typing import Any

from obsv.store import Reader, Signature, Source, SpanRow, Writer
from obsv.store.ground.histogram import bucket
from obsv.store.ground.rollups import minute_of

# 2026-09-21 14:13:20 UTC
START_NS = 1_790_000_000_000_000_000
FIELDS = (("order", "INPUT"), ("return", "OUTPUT"))
PRICE = Signature("shop", "shop.price", "shop", 1, FIELDS)
TAX = Signature("shop", "shop.tax", "shop", 1, FIELDS)
SHOP = Source("shop", '{"attributes":[]}', '{"name":"obsv"}')


def connection_of(writer: Writer) -> sqlite3.Connection:
    """The connection of a writer, whose file is made where there is none."""
    writer.open()
    assert writer._opened is not None
    return writer._opened.connection


Counts = dict[tuple[int, ...], Any]


def span_id(number: int) -> bytes:
    """A span id out of a small number."""
    return number.to_bytes(8, "big")


def trace_id(number: int) -> bytes:
    """A trace id out of a small number."""
    return number.to_bytes(16, "big")


def call(number: int, signature: Signature = PRICE, **changes: Any) -> SpanRow:
    """A call of trace 1; `changes` are fields of the row."""
    row = SpanRow(
        signature,
        SHOP,
        trace_id(1),
        span_id(number),
        None,
        None,
        START_NS + 1_000 * number,
        5_000,
        (7, "MainThread"),
        1,
        0,
        json.dumps([f"{name} {number}" for name, _ in signature.fields], separators=(",", ":")),
    )
    return row._replace(**changes)


def rollups(reader: Reader) -> tuple[Counts, Counts, Counts]:
    """Return the file's sums of processes, edges and durations: `(minute, …): sums`."""
    processes = reader.query("select minute, process_id, count, errors, total_ns, max_ns, last_ns from process_minute")
    edges = reader.query("select minute, parent_id, process_id, count, errors, total_ns, last_ns from edge_minute")
    buckets = reader.query("select minute, process_id, bucket, count from histogram")
    return (
        {tuple(row)[:2]: tuple(row)[2:] for row in processes},
        {tuple(row)[:3]: tuple(row)[3:] for row in edges},
        {tuple(row)[:3]: row["count"] for row in buckets},
    )


def recounted(reader: Reader) -> tuple[Counts, Counts, Counts]:
    """Return the expected sums, counted from the raw rows: every parent in the file is known."""
    rows = reader.query("select trace_id, span_id, parent_span_id, process_id, start_ns, duration_ns, status from span")
    process_of = {(row["trace_id"], row["span_id"]): row["process_id"] for row in rows}
    processes, edges = defaultdict(list), defaultdict(list)
    buckets: Counter[tuple[int, ...]] = Counter()
    for row in rows:
        parent = process_of.get((row["trace_id"], row["parent_span_id"]))
        for minute in (0, minute_of(row["start_ns"])):
            processes[minute, row["process_id"]].append(row)
            if parent is not None:
                edges[minute, parent, row["process_id"]].append(row)
            for process in (0, row["process_id"]):
                buckets[minute, process, bucket(row["duration_ns"])] += 1
    return (
        {key: _sums(found, longest=True) for key, found in processes.items()},
        {key: _sums(found) for key, found in edges.items()},
        dict(buckets),
    )


def _sums(rows: list[Any], longest: bool = False) -> tuple[int, ...]:
    durations = [row["duration_ns"] for row in rows]
    errors = sum(row["status"] == 2 for row in rows)
    last = max(row["start_ns"] for row in rows)
    return (len(rows), errors, sum(durations), *([max(durations)] if longest else []), last)
