"""The answers of an SQLite file about failed calls, their groups, and decisions about them."""

from __future__ import annotations

from obsv.store.figures import ErrorCall, ErrorDetail, ErrorEvent, ErrorGroups, Failure
from obsv.store.figures.compare import failures
from obsv.store.figures.error_groups import error_events_since, read_error_group, read_error_groups
from obsv.store.figures.overview import latest_errors
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam.answers.source import Source
from obsv.store.surveying import Errors, Sample
from obsv.store.surveying.handled import read_errors
from obsv.store.surveying.sampling import sample_calls, sample_group
from obsv.store.writing import Triage


class ErrorAnswers(Source):
    """The answers of an SQLite file about failed calls, their groups, and decisions about them."""

    def read_errors(self, filters: Filters, window: Window, limit: int) -> Errors:
        return read_errors(self._source, filters, window, limit)

    def latest_errors(self, window: Window, limit: int) -> list[ErrorCall]:
        return latest_errors(self._source, window, limit)

    def read_error_groups(
        self,
        window: Window,
        status: str | None = None,
        text: str = "",
        order: str = "last",
        limit: int = 100,
        process: str | None = None,
    ) -> ErrorGroups:
        return read_error_groups(self._source, window, status, text, order, limit, process)

    def read_error_group(self, group_id: int, window: Window, limit: int = 100) -> ErrorDetail:
        return read_error_group(self._source, group_id, window, limit)

    def error_events_since(self, after: int, limit: int = 1_000) -> list[ErrorEvent]:
        return error_events_since(self._source, after, limit)

    def sample_calls(self, filters: Filters, window: Window, most: int) -> Sample:
        return sample_calls(self._source, filters, window, most)

    def sample_group(self, group_id: int, window: Window, most: int) -> Sample:
        return sample_group(self._source, group_id, window, most)

    def triage(self) -> Triage:
        return Triage(self._path)

    def failures(self, name: str) -> list[Failure]:
        return failures(self._source, name)
