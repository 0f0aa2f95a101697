"""The questions about pages of calls, and calls in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from obsv.store.figures import Pair
from obsv.store.finding import Filters, Page, Tail
from obsv.store.ground import Window
from obsv.store.spans import Call, Detail, ListedCall, StoredSpan, ValuedCalls


class CallQuestions(Protocol):
    """The questions about pages of calls, and calls in full."""

    def read_page(
        self, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
    ) -> Page:
        """One page of calls: `-ts` (newest first), `ts`, `-duration` (longest first) or `duration`."""
        ...

    def read_pages(
        self, filters: Filters, window: Window, order: str, most: int, size: int = 1_000
    ) -> Iterator[list[ListedCall]]:
        """All pages one after the other, up to a number of calls."""
        ...

    def read_new(self, filters: Filters, after: int, start_ns: int, limit: int = 200, oldest: bool = False) -> Tail:
        """Return the calls that have arrived since `last_id` of the last request."""
        ...

    def has_calls(self, filters: Filters) -> bool:
        """Return whether any call of the filters' names was recorded."""
        ...

    def read_call(self, trace_id: str, span_id: str) -> Call:
        """A call by its trace and span."""
        ...

    def find_call(self, span_id: str) -> Call:
        """The latest call with a span id."""
        ...

    def read_exact(self, call: Call) -> bytes | dict[str, str] | None:
        """The inputs of a failing call as they were: pickled, or exact texts by name; None where none were kept."""
        ...

    def exact_texts(self, spans: Sequence[StoredSpan]) -> dict[tuple[bytes, bytes], dict[str, str]]:
        """The exact texts of the inputs of failing calls among some spans, by trace and span; never pickled ones."""
        ...

    def read_detail(self, trace_id: str, span_id: str) -> Detail:
        """A call with the durations before it, and its place in its trace."""
        ...

    def valued_calls(self, window: Window, trace_id: str | None = None) -> ValuedCalls:
        """Calls with their values: of a trace, or the latest."""
        ...

    def read_pair(self, trace_id: str, span_id: str, other: tuple[str, str] | None = None) -> Pair:
        """A call and one to hold beside it: another, or the last successful one before it."""
        ...
