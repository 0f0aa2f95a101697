"""Rollups are what a recount of the raw rows gives, whatever came in which order."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from store_rows import FIELDS, START_NS, call, recounted, rollups, span_id, trace_id

from obsv.store import Reader, Signature, SpanRow, Writer

SIGNATURES = [
    Signature(service, f"shop.{name}", "shop", 1, fields)
    for service in ("shop", "web")
    for name in ("price", "tax")
    for fields in (FIELDS, FIELDS[:1])
]


@st.composite
def spans(draw: st.DrawFn) -> SpanRow:
    """A call whose parent may come before it, after it, in the same batch, twice, or never."""
    number, trace = draw(st.integers(1, 12)), draw(st.integers(1, 2))
    return call(
        number,
        # A span has one signature and one start, however often it is sent.
        SIGNATURES[number % len(SIGNATURES)],
        trace_id=trace_id(trace),
        parent_span_id=draw(st.none() | st.integers(1, 14).filter(lambda parent: parent != number).map(span_id)),
        start_ns=START_NS + number * trace % 4 * 45_000_000_000 + number,
        duration_ns=draw(st.integers(0, 10**10)),
        status=draw(st.integers(0, 2)),
        exception=draw(st.none() | st.just("Traceback")),
    )


@given(batches=st.lists(st.lists(spans(), max_size=10), max_size=5), writers=st.integers(1, 2))
@settings(max_examples=60)
def test_rollups_are_what_a_recount_gives(batches: list[list[SpanRow]], writers: int) -> None:
    """Duplicates count once, minutes and processes are told apart, and late parents get their edges."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "store.db"
        several = [Writer(path) for _ in range(writers)]
        seen: set[tuple[bytes, bytes]] = set()
        several[0].open()
        for number, batch in enumerate(batches):
            new = {(row.trace_id, row.span_id) for row in batch} - seen
            result = several[number % writers].write(batch)
            assert result == (len(new), len(batch) - len(new))
            seen |= new
        reader = Reader(path)
        assert rollups(reader) == recounted(reader)
        assert len(reader.query("select 1 from span")) == len(seen)
        for each in (*several, reader):
            each.close()
