"""The answers of an SQLite file about its archive."""

from __future__ import annotations

from obsv.store.figures import ArchiveState
from obsv.store.figures.archive import read_archive
from obsv.store.seam.answers.source import Source


class ArchiveAnswers(Source):
    """The answers of an SQLite file about its archive."""

    def read_archive(self) -> ArchiveState | None:
        return read_archive(self._source)
