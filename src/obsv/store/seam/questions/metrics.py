"""The questions about received metrics."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import LeftOut, SeriesFilters, SeriesPage
from obsv.store.ground import Point, Window


class MetricQuestions(Protocol):
    """The questions about received metrics."""

    def read_metric_series(self, filters: SeriesFilters, window: Window, limit: int = 200) -> SeriesPage:
        """Series that had points since the beginning of a window, with their latest point."""
        ...

    def read_metric_points(self, series: int, window: Window) -> list[Point]:
        """The points of a series in a window, oldest first."""
        ...

    def read_left_out(self) -> list[LeftOut]:
        """The counts of what was left out of each service, for lack of room."""
        ...
