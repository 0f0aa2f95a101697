"""The answers of an SQLite file about who decided in the journal."""

from __future__ import annotations

from typing import Any

from obsv.store.figures import JournalNames, Paired, ReportLine
from obsv.store.figures.journal import read_journal_names
from obsv.store.figures.kept_reports import list_reports, read_report
from obsv.store.figures.paired import read_paired
from obsv.store.ground import Window
from obsv.store.seam.answers.source import Source


class JournalAnswers(Source):
    """The answers of an SQLite file about who decided in the journal."""

    def read_journal_names(self, window: Window) -> JournalNames:
        return read_journal_names(self._source, window)

    def read_paired(self, before: str, after: str, window: Window, within_s: float = 60.0, limit: int = 100) -> Paired:
        return read_paired(self._source, before, after, window, within_s, limit)

    def list_reports(self, limit: int = 100) -> list[ReportLine]:
        return list_reports(self._source, limit)

    def read_report(self, id: int) -> tuple[ReportLine, dict[str, Any]]:
        return read_report(self._source, id)
