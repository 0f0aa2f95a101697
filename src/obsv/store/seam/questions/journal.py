"""The question about names in the journal."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import JournalNames
from obsv.store.ground import Window


class JournalQuestions(Protocol):
    """The question about names in the journal."""

    def read_journal_names(self, window: Window) -> JournalNames:
        """The modes, gates, policies and artifacts of the decisions in a window."""
        ...
