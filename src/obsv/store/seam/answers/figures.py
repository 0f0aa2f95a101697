"""The answers of an SQLite file about counts, durations and series."""

from __future__ import annotations

from obsv.store.figures import (
    Busy,
    Changes,
    Dependency,
    Flow,
    FunctionReport,
    Milestone,
    Overview,
    ProcessStats,
    Times,
    Totals,
)
from obsv.store.figures.busiest import read_busiest
from obsv.store.figures.changes import read_changes
from obsv.store.figures.compare import read_times
from obsv.store.figures.flow import read_flow
from obsv.store.figures.function import read_function
from obsv.store.figures.milestones import read_milestones
from obsv.store.figures.overview import read_overview
from obsv.store.figures.services import read_dependencies
from obsv.store.figures.stats import process_stats
from obsv.store.figures.totals import read_totals
from obsv.store.finding import CallSeries, Filters, Series, Wanted
from obsv.store.finding.call_series import call_series
from obsv.store.finding.series import count_series
from obsv.store.ground import Window
from obsv.store.seam.answers.source import Source


class FigureAnswers(Source):
    """The answers of an SQLite file about counts, durations and series."""

    def read_totals(self, recorders_since_ns: int) -> Totals:
        return read_totals(self._source, recorders_since_ns)

    def read_overview(self, window: Window) -> Overview:
        return read_overview(self._source, window)

    def read_milestones(self, window: Window, limit: int = 200) -> list[Milestone]:
        return read_milestones(self._source, window, limit)

    def read_changes(self, before: Window, after: Window) -> Changes:
        return read_changes(self._source, before, after)

    def read_busiest(self, window: Window, part: str = "", limit: int = 100) -> list[Busy]:
        return read_busiest(self._source, window, part, limit)

    def read_function(self, name: str, window: Window) -> FunctionReport:
        return read_function(self._source, name, window)

    def process_stats(self, since_ns: int | None = None) -> list[ProcessStats]:
        return process_stats(self._source, since_ns)

    def read_flow(self, window: Window) -> Flow:
        return read_flow(self._source, window)

    def read_dependencies(self, start_ns: int, end_ns: int) -> list[Dependency]:
        return read_dependencies(self._source, start_ns, end_ns)

    def read_call_series(self, filters: Filters, window: Window) -> CallSeries:
        return call_series(self._source, filters, window)

    def count_series(self, wanted: Wanted) -> list[Series]:
        with self._source.snapshot() as snapshot:
            return count_series(snapshot, wanted)

    def read_times(self, name: str, first: Window, second: Window) -> Times:
        return read_times(self._source, name, first, second)
