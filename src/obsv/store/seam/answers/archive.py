"""The answers of an SQLite file about its archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from obsv.store.figures import ArchivedPart, ArchiveState
from obsv.store.figures.archive import archive_watermark, archived_parts, forgotten_steps, read_archive, stored_among
from obsv.store.finding import Condition, Found
from obsv.store.finding.matching import matching_calls
from obsv.store.ground import Range
from obsv.store.seam.answers.source import Source


class ArchiveAnswers(Source):
    """The answers of an SQLite file about its archive."""

    def read_archive(self) -> ArchiveState | None:
        return read_archive(self._source)

    def archived_parts(self, start_ns: int, end_ns: int) -> list[ArchivedPart]:
        return archived_parts(self._source, start_ns, end_ns)

    def archive_watermark(self) -> int:
        """Return `id` of the span up to which all calls are in parts of the archive; 0 if there is none."""
        return archive_watermark(self._source)

    def forgotten_steps(self) -> int:
        """Return how many times rows were removed on request."""
        return forgotten_steps(self._source)

    def matching_calls(self, condition: Condition, part: Range) -> Iterator[list[Found]]:
        """Yield the calls that satisfy a condition and started in a range, in order of arrival, in batches."""
        return matching_calls(self._source, condition, part)

    def stored_among(self, calls: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        return stored_among(self._source, calls)
