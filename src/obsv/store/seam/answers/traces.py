"""The answers of an SQLite file about traces: by their ids, and those with a span that satisfies a condition."""

from __future__ import annotations

from collections.abc import Sequence

from obsv.store.finding import Condition
from obsv.store.finding.condition_search import find_traces
from obsv.store.seam.answers.source import Source
from obsv.store.spans import ListedCall, StoredSpan, StoredTrace, TraceSpans, calls_of_trace
from obsv.store.spans.stored import spans_of_trace
from obsv.store.spans.stored_trace import read_trace, read_traces
from obsv.store.spans.trace import known_trace, read_trace_columns
from obsv.store.spans.trace_search import search_trace
from obsv.store.surveying import Match, Summary
from obsv.store.surveying.summaries import matches, summarize
from obsv.times import MAX_NS


class TraceAnswers(Source):
    """The answers of an SQLite file about traces: by their ids, and those with a span that satisfies a condition."""

    def known_trace(self, trace_id: str) -> str:
        return known_trace(self._source, trace_id)

    def read_trace_columns(self, trace_id: str, around: str | None = None) -> TraceSpans:
        with self._source.snapshot() as snapshot:
            return read_trace_columns(snapshot, trace_id, around)

    def read_trace(self, trace_id: str) -> StoredTrace | None:
        with self._source.snapshot() as snapshot:
            return read_trace(snapshot, trace_id)

    def read_traces(self, trace_ids: Sequence[str]) -> list[StoredTrace]:
        with self._source.snapshot() as snapshot:
            return read_traces(snapshot, trace_ids)

    def search_trace(self, trace_id: str, text: str) -> list[str]:
        return search_trace(self._source, trace_id, text)

    def calls_of_trace(self, trace_id: str, span_ids: Sequence[str]) -> list[ListedCall]:
        with self._source.snapshot() as snapshot:
            return calls_of_trace(snapshot, trace_id, span_ids)

    def find_traces(self, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20) -> list[str]:
        with self._source.snapshot() as snapshot:
            return find_traces(snapshot, condition, start_ns, end_ns, limit)

    def summarize(self, trace_ids: Sequence[str]) -> list[Summary]:
        with self._source.snapshot() as snapshot:
            return summarize(snapshot, trace_ids)

    def matches(self, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
        with self._source.snapshot() as snapshot:
            return matches(snapshot, condition, trace_ids, most)

    def spans_of_trace(self, trace_id: str) -> list[StoredSpan]:
        return spans_of_trace(self._source, trace_id)
