"""The questions about traces: by their ids, and those with a span that satisfies a condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from obsv.store.finding import Condition
from obsv.store.spans import ListedCall, StoredSpan, StoredTrace, TraceSpans
from obsv.store.surveying import Match, Summary
from obsv.times import MAX_NS


class TraceQuestions(Protocol):
    """The questions about traces: by their ids, and those with a span that satisfies a condition."""

    def known_trace(self, trace_id: str) -> str:
        """The id of a trace in full."""
        ...

    def read_trace_columns(self, trace_id: str, around: str | None = None) -> TraceSpans:
        """The spans of a trace as columns, or a part of a very large one."""
        ...

    def read_trace(self, trace_id: str) -> StoredTrace | None:
        """A trace's spans, whole and bounded."""
        ...

    def read_traces(self, trace_ids: Sequence[str]) -> list[StoredTrace]:
        """Several traces' spans, whole and bounded."""
        ...

    def search_trace(self, trace_id: str, text: str) -> list[str]:
        """The spans of a trace that contain a text."""
        ...

    def calls_of_trace(self, trace_id: str, span_ids: Sequence[str]) -> list[ListedCall]:
        """Some calls of a trace with their values; unknown ones are left out."""
        ...

    def find_traces(self, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20) -> list[str]:
        """The ids of the latest traces."""
        ...

    def summarize(self, trace_ids: Sequence[str]) -> list[Summary]:
        """Traces at a glance."""
        ...

    def matches(self, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
        """The spans of traces that satisfy a condition."""
        ...

    def spans_of_trace(self, trace_id: str) -> list[StoredSpan]:
        """All spans of a trace, in order of start."""
        ...
