"""The answers of an SQLite file about spans in their order, to be sent on or kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from obsv.store.seam.answers.source import Source
from obsv.store.spans import ArchivedLog, ArchivedSpan, StoredSpan
from obsv.store.spans.archived import spans_between, starts_after
from obsv.store.spans.archived_logs import log_starts_after, logs_between
from obsv.store.spans.stored import counted_until, spans_after, spans_since
from obsv.times import MAX_NS


class ArrivalAnswers(Source):
    """The answers of an SQLite file about spans in their order, to be sent on or kept elsewhere."""

    def spans_since(self, since_ns: int = 0, until_ns: int = MAX_NS, size: int = 1_000) -> Iterator[list[StoredSpan]]:
        return spans_since(self._source, since_ns, until_ns, size)

    def spans_after(self, position: int, size: int = 1_000) -> list[StoredSpan]:
        return spans_after(self._source, position, size)

    def counted_until(self, position: int) -> int:
        return counted_until(self._source, position)

    def starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        return starts_after(self._source, position)

    def spans_between(self, after: int, last: int) -> Iterator[list[ArchivedSpan]]:
        return spans_between(self._source, after, last)

    def log_starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        return log_starts_after(self._source, position)

    def logs_between(self, after: int, last: int) -> Iterator[list[ArchivedLog]]:
        return logs_between(self._source, after, last)
