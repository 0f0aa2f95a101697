"""The answers of an SQLite file about log records."""

from __future__ import annotations

from obsv.store.figures import LogFilters, Logs, NewLogs
from obsv.store.figures.logs import read_logs, read_new_logs
from obsv.store.ground import Window
from obsv.store.seam.answers.source import Source


class LogAnswers(Source):
    """The answers of an SQLite file about log records."""

    def read_logs(self, filters: LogFilters, window: Window, cursor: str | None = None, limit: int = 100) -> Logs:
        return read_logs(self._source, filters, window, cursor, limit)

    def read_new_logs(self, filters: LogFilters, after: int, limit: int = 1_000) -> NewLogs:
        return read_new_logs(self._source, filters, after, limit)
