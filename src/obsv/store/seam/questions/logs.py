"""The questions about log records."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import LogFilters, Logs, NewLogs
from obsv.store.ground import Window


class LogQuestions(Protocol):
    """The questions about log records."""

    def read_logs(self, filters: LogFilters, window: Window, cursor: str | None = None, limit: int = 100) -> Logs:
        """A page of log records, newest first."""
        ...

    def read_new_logs(self, filters: LogFilters, after: int, limit: int = 1_000) -> NewLogs:
        """The log records that arrived after one, in order of arrival; after -1: only where to begin."""
        ...
