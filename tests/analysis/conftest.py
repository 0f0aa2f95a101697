"""Traces read back from a store, since that is where trees come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from calls import TRACE

from obsv.store import Reader, SpanRow, Writer
from obsv.store.spans.trace import TraceSpans, read_trace_columns


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[Iterable[SpanRow]], TraceSpans]:
    def store(rows: Iterable[SpanRow]) -> TraceSpans:
        writer, reader = Writer(tmp_path / "obsv.db"), Reader(tmp_path / "obsv.db")
        writer.write(list(rows))
        with reader.snapshot() as snapshot:
            spans = read_trace_columns(snapshot, TRACE)
        writer.close()
        reader.close()
        return spans

    return store
