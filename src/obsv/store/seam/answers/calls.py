"""The answers of an SQLite file about pages of calls, and calls in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from obsv.store.figures import Pair
from obsv.store.figures.compare import read_pair
from obsv.store.finding import Filters, Page, Tail
from obsv.store.finding.explorer import has_calls, in_order, read_new, read_page
from obsv.store.ground import Window
from obsv.store.seam.answers.source import Source
from obsv.store.spans import Call, Detail, ListedCall, StoredSpan, ValuedCalls
from obsv.store.spans.call import exact_texts, find_call, read_call, read_exact
from obsv.store.spans.detail import read_detail
from obsv.store.spans.values import valued_calls


class CallAnswers(Source):
    """The answers of an SQLite file about pages of calls, and calls in full."""

    def read_page(
        self, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
    ) -> Page:
        return read_page(self._source, filters, window, order, cursor, limit)

    def read_pages(
        self, filters: Filters, window: Window, order: str, most: int, size: int = 1_000
    ) -> Iterator[list[ListedCall]]:
        return in_order(lambda cursor, limit: self.read_page(filters, window, order, cursor, limit), most, size)

    def read_new(self, filters: Filters, after: int, start_ns: int, limit: int = 200, oldest: bool = False) -> Tail:
        return read_new(self._source, filters, after, start_ns, limit, oldest)

    def has_calls(self, filters: Filters) -> bool:
        return has_calls(self._source, filters)

    def read_call(self, trace_id: str, span_id: str) -> Call:
        return read_call(self._source, trace_id, span_id)

    def find_call(self, span_id: str) -> Call:
        return find_call(self._source, span_id)

    def read_exact(self, call: Call) -> bytes | dict[str, str] | None:
        return read_exact(self._source, call)

    def exact_texts(self, spans: Sequence[StoredSpan]) -> dict[tuple[bytes, bytes], dict[str, str]]:
        return exact_texts(self._source, spans)

    def read_detail(self, trace_id: str, span_id: str) -> Detail:
        return read_detail(self._source, trace_id, span_id)

    def valued_calls(self, window: Window, trace_id: str | None = None) -> ValuedCalls:
        return valued_calls(self._source, window, trace_id)

    def read_pair(self, trace_id: str, span_id: str, other: tuple[str, str] | None = None) -> Pair:
        return read_pair(self._source, trace_id, span_id, other)
