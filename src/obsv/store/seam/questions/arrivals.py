"""The questions about spans in their order, to be sent on or kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from obsv.store.spans import ArchivedLog, ArchivedSpan, StoredSpan
from obsv.times import MAX_NS


class ArrivalQuestions(Protocol):
    """The questions about spans in their order, to be sent on or kept elsewhere."""

    def spans_since(self, since_ns: int = 0, until_ns: int = MAX_NS, size: int = 1_000) -> Iterator[list[StoredSpan]]:
        """Spans that started in a range of time, oldest first, some at a time."""
        ...

    def spans_after(self, position: int, size: int = 1_000) -> list[StoredSpan]:
        """The spans that arrived after the one with this `id`, in order of arrival."""
        ...

    def counted_until(self, position: int) -> int:
        """Return the number of spans that arrived up to the one with this `id`, including deleted ones."""
        ...

    def starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        """`id` and start of the spans that arrived after one, in order of arrival."""
        ...

    def spans_between(self, after: int, last: int) -> Iterator[list[ArchivedSpan]]:
        """The spans that arrived after one and up to another, some at a time, as an archive takes them."""
        ...

    def log_starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        """`id` and time of the log records that arrived after one, in order of arrival."""
        ...

    def logs_between(self, after: int, last: int) -> Iterator[list[ArchivedLog]]:
        """The log records that arrived after one and up to another, some at a time, as an archive takes them."""
        ...
