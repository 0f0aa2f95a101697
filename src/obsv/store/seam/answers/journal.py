"""The answer of an SQLite file about names in the journal."""

from __future__ import annotations

from obsv.store.figures import JournalNames
from obsv.store.figures.journal import read_journal_names
from obsv.store.ground import Window
from obsv.store.seam.answers.source import Source


class JournalAnswers(Source):
    """The answer of an SQLite file about names in the journal."""

    def read_journal_names(self, window: Window) -> JournalNames:
        return read_journal_names(self._source, window)
