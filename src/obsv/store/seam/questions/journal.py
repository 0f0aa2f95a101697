"""The questions about who decided in the journal."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import JournalNames, Paired
from obsv.store.ground import Window


class JournalQuestions(Protocol):
    """The questions about who decided in the journal."""

    def read_journal_names(self, window: Window) -> JournalNames:
        """The modes, gates, policies and artifacts of the decisions in a window."""
        ...

    def read_paired(self, before: str, after: str, window: Window, within_s: float = 60.0, limit: int = 100) -> Paired:
        """The decisions of two artifacts about the same, and those that differ."""
        ...
