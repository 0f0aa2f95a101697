"""The answers of an SQLite file about its archive."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from obsv.store.figures import ArchivedPart, ArchiveState
from obsv.store.figures.archive import archive_watermark, archived_parts, forgotten_steps, read_archive, stored_among
from obsv.store.finding import Condition, Found
from obsv.store.finding.matching import matching_calls
from obsv.store.ground import Range
from obsv.store.seam.answers.source import Source
from obsv.store.spans import ArchivedDecision, ArchivedOutcome
from obsv.store.spans.archived_decisions import (
    decided_from,
    decision_starts_after,
    decisions_between,
    outcome_starts_after,
    outcomes_between,
    outcomes_of,
)


class ArchiveAnswers(Source):
    """The answers of an SQLite file about its archive."""

    def read_archive(self) -> ArchiveState | None:
        return read_archive(self._source)

    def archived_parts(self, start_ns: int, end_ns: int) -> list[ArchivedPart]:
        return archived_parts(self._source, start_ns, end_ns)

    def archive_watermark(self, kind: str) -> int:
        """Return the `id` up to which all rows of a kind are in parts of the archive; 0 if there is none."""
        return archive_watermark(self._source, kind)

    def decision_starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        """Yield `id` and time of the decisions that arrived after one, in order of arrival."""
        return decision_starts_after(self._source, position)

    def decisions_between(self, after: int, last: int) -> Iterator[list[ArchivedDecision]]:
        """Yield the decisions that arrived after one and up to another, some at a time, as an archive takes them."""
        return decisions_between(self._source, after, last)

    def outcome_starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        """Yield `id` and time of the outcomes that arrived after one, in order of arrival."""
        return outcome_starts_after(self._source, position)

    def outcomes_between(self, after: int, last: int) -> Iterator[list[ArchivedOutcome]]:
        """Yield the outcomes that arrived after one and up to another, some at a time, as an archive takes them."""
        return outcomes_between(self._source, after, last)

    def outcomes_of(self, decision_ids: Collection[str]) -> Iterator[list[ArchivedOutcome]]:
        """Yield the outcomes of some decisions, some at a time, as an archive takes them."""
        return outcomes_of(self._source, decision_ids)

    def decided_from(self) -> int:
        """Return the time from which on the file has all archived decisions that it should, Unix time."""
        return decided_from(self._source)

    def forgotten_steps(self) -> int:
        """Return how many times rows were removed on request."""
        return forgotten_steps(self._source)

    def matching_calls(self, condition: Condition, part: Range) -> Iterator[list[Found]]:
        """Yield the calls that satisfy a condition and started in a range, in order of arrival, in batches."""
        return matching_calls(self._source, condition, part)

    def stored_among(self, calls: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        return stored_among(self._source, calls)
