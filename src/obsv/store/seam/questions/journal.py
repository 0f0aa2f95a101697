"""The questions about who decided in the journal, and about reports of it."""

from __future__ import annotations

from typing import Any, Protocol

from obsv.store.figures import JournalNames, Paired, ReportLine
from obsv.store.ground import Window


class JournalQuestions(Protocol):
    """The questions about who decided in the journal."""

    def read_journal_names(self, window: Window) -> JournalNames:
        """The modes, gates, policies and artifacts of the decisions in a window."""
        ...

    def read_paired(self, before: str, after: str, window: Window, within_s: float = 60.0, limit: int = 100) -> Paired:
        """The decisions of two artifacts about the same, and those that differ."""
        ...

    def list_reports(self, limit: int = 100) -> list[ReportLine]:
        """The kept reports, those of the latest periods first."""
        ...

    def read_report(self, id: int) -> tuple[ReportLine, dict[str, Any]]:
        """A kept report, and its document."""
        ...
