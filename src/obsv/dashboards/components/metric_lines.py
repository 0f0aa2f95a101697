"""Metrics of a service beside a call of it."""

from __future__ import annotations

from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from obsv.analysis.metric_curve import Curve, curve, labels
from obsv.dashboards.charts import chart, sparkline
from obsv.dashboards.clock import local
from obsv.store.figures import SeriesFilters, SeriesLine
from obsv.store.ground import Window
from obsv.store.seam import Store

# Before and after a call.
AROUND_NS = 15 * 60 * 10**9
MOST_SHOWN, MOST_READ = 6, 24


class Beside(NamedTuple):
    """The metrics of a service around a time: lines, and how many series there are."""

    lines: list[tuple[SeriesLine, Curve]]
    total: int


NONE = Beside([], 0)


def read_beside(reader: Store, service: str, start_ns: int, end_ns: int) -> Beside:
    """Read the metrics of a service around a time.

    Args:
        reader: the store.
        service: its name.
        start_ns, end_ns: Unix time.
    """
    window = Window(start_ns - AROUND_NS, end_ns + AROUND_NS)
    page = reader.read_metric_series(SeriesFilters(service=service), window, MOST_READ)
    lines: list[tuple[SeriesLine, Curve]] = []
    for line in page.lines:
        found = curve(line, reader.read_metric_points(line.id, window))
        if any(value is not None for value in found.values):
            lines.append((line, found))
        if len(lines) == MOST_SHOWN:
            break
    return Beside(lines, page.total)


def metric_lines(found: Beside, service: str, start_ns: int) -> list[Component]:
    """Return the part of a panel that shows metrics; nothing where there are none.

    Args:
        found: the metrics.
        service: whose.
        start_ns: start of the call, Unix time.
    """
    if not found.lines:
        return []
    rows = [_row(line, each, start_ns) for line, each in found.lines]
    title = html.H3(["Metrics ", html.Span(f"of {service}, 15 minutes before and after", className="faint")])
    left = found.total - len(found.lines)
    more = [html.P(f"{left:,} more: obsv series --service {service}", className="none")] if left > 0 else []
    return [html.Section([title, html.Ul(rows, className="event-list metric-list"), *more], className="panel-part")]


def _row(line: SeriesLine, found: Curve, start_ns: int) -> Component:
    unit = _unit(line, found)
    times = [f"{local(each):%Y-%m-%d %H:%M:%S}" for each in found.times]
    head = html.Div(
        [html.Strong(line.name, className="ellipsis"), html.Span(_near(found, start_ns, unit), className="num")]
    )
    told = html.Span(labels(line), className="faint ellipsis", title=labels(line))
    drawn = chart(
        sparkline(times, found.values, unit=unit), height=40, label=f"{line.name}, {_says(found)}, around the call"
    )
    return html.Li([head, told, drawn])


def _near(found: Curve, start_ns: int, unit: str) -> str:
    """Return the value nearest to the call."""
    known = [
        (abs(at - start_ns), value) for at, value in zip(found.times, found.values, strict=True) if value is not None
    ]
    return f"{min(known)[1]:,.4g}{unit} {_says(found)}".rstrip()


def _says(found: Curve) -> str:
    return "" if found.of in ("value", "per second") else found.of


def _unit(line: SeriesLine, found: Curve) -> str:
    unit = "" if line.unit in ("", "1") or line.unit.startswith("{") else f" {line.unit}"
    return f"{unit}/s" if found.of == "per second" else unit
