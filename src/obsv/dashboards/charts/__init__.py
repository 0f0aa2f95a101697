"""Charts of pages, drawn by Plotly: axes of time and numbers, lines of calls, marks of what changed."""

from obsv.dashboards.charts.chart import chart, sparkline

__all__ = ["chart", "sparkline"]
