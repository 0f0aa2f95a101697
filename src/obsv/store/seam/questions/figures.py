"""The questions about counts, durations and series."""

from __future__ import annotations

from typing import Protocol

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
from obsv.store.finding import CallSeries, Filters, Series, Wanted
from obsv.store.ground import Window


class FigureQuestions(Protocol):
    """The questions about counts, durations and series."""

    def read_totals(self, recorders_since_ns: int) -> Totals:
        """Return the totals since the store was created."""
        ...

    def read_overview(self, window: Window) -> Overview:
        """Totals against the period before, latest errors, groups, functions."""
        ...

    def read_milestones(self, window: Window, limit: int = 200) -> list[Milestone]:
        """Deployments and new versions of a window, oldest first."""
        ...

    def read_changes(self, before: Window, after: Window) -> Changes:
        """Two neighbouring windows side by side: calls, errors, durations, sources, forms of values."""
        ...

    def read_busiest(self, window: Window, part: str = "", limit: int = 100) -> list[Busy]:
        """The functions that were called most."""
        ...

    def read_function(self, name: str, window: Window) -> FunctionReport:
        """A function: what it is, how it did, what its variables were last."""
        ...

    def process_stats(self, since_ns: int | None = None) -> list[ProcessStats]:
        """Calls, error rate and percentiles of each process."""
        ...

    def read_flow(self, window: Window) -> Flow:
        """Functions and feeds, and the calls between them."""
        ...

    def read_dependencies(self, start_ns: int, end_ns: int) -> list[Dependency]:
        """Calls between services."""
        ...

    def read_call_series(self, filters: Filters, window: Window) -> CallSeries:
        """Calls and failed calls over time that satisfy filters."""
        ...

    def count_series(self, wanted: Wanted) -> list[Series]:
        """Matching spans counted over time."""
        ...

    def read_times(self, name: str, first: Window, second: Window) -> Times:
        """A function in two windows of time."""
        ...
