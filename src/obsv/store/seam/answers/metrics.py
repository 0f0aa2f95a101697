"""The answers of an SQLite file about received metrics."""

from __future__ import annotations

from obsv.store.figures import LeftOut, SeriesFilters, SeriesPage
from obsv.store.figures.metrics import read_left_out, read_metric_points, read_metric_series
from obsv.store.ground import Point, Window
from obsv.store.seam.answers.source import Source


class MetricAnswers(Source):
    """The answers of an SQLite file about received metrics."""

    def read_metric_series(self, filters: SeriesFilters, window: Window, limit: int = 200) -> SeriesPage:
        return read_metric_series(self._source, filters, window, limit)

    def read_metric_points(self, series: int, window: Window) -> list[Point]:
        return read_metric_points(self._source, series, window)

    def read_left_out(self) -> list[LeftOut]:
        return read_left_out(self._source)
