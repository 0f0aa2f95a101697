"""The answers of an SQLite file about its archive."""

from __future__ import annotations

from collections.abc import Iterable

from obsv.store.figures import ArchivedPart, ArchiveState
from obsv.store.figures.archive import archived_parts, read_archive, stored_among
from obsv.store.seam.answers.source import Source


class ArchiveAnswers(Source):
    """The answers of an SQLite file about its archive."""

    def read_archive(self) -> ArchiveState | None:
        return read_archive(self._source)

    def archived_parts(self, start_ns: int, end_ns: int) -> list[ArchivedPart]:
        return archived_parts(self._source, start_ns, end_ns)

    def stored_among(self, calls: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        return stored_among(self._source, calls)
