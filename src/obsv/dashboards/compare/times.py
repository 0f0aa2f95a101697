"""One function in two time windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from obsv.analysis.distribution import Scale
from obsv.dashboards.charts import chart
from obsv.dashboards.charts.function_charts import bars, log_axis
from obsv.dashboards.clock import count, duration, local, percent
from obsv.dashboards.components import card, empty, link
from obsv.dashboards.components.change import change
from obsv.dashboards.theme import DARK, figure
from obsv.nouns import plural
from obsv.store.figures import Sums, Times
from obsv.store.ground import Window

FIRST, SECOND = DARK["accent"], DARK["stale"]


class Measure(NamedTuple):
    """A row: its name, its value, its format, and whether less is better (None: neither)."""

    label: str
    value: Callable[[Sums, Window], float | None]
    text: Callable[[float], str]
    less_is_better: bool | None

    def behind(self, sums: Sums) -> int:
        """Return the number of calls, or errors, that the value is based on."""
        return sums.errors if self.label.startswith("Error") else sums.calls


def _share(share: float) -> Callable[[Sums, Window], float | None]:
    return lambda sums, _: sums.percentile_ns(share)


MEASURES = (
    Measure("Calls", lambda sums, _: sums.calls, count, None),
    Measure("Calls per second", lambda sums, window: sums.calls / window.seconds, lambda value: f"{value:.3g}", None),
    Measure("Errors", lambda sums, _: sums.errors, count, True),
    Measure("Error rate", lambda sums, _: sums.error_rate if sums.calls else None, percent, True),
    Measure("Mean", lambda sums, _: sums.mean_ns, duration, True),
    Measure("P50", _share(0.5), duration, True),
    Measure("P95", _share(0.95), duration, True),
    Measure("P99", _share(0.99), duration, True),
    Measure("Longest", lambda sums, _: sums.max_ns or None, duration, True),
    Measure(
        "CPU a call", lambda sums, _: sums.cpu_ns / sums.calls if sums.calls and sums.cpu_ns else None, duration, True
    ),
)


def compare_times(times: Times) -> list[Component]:
    """Return the comparison of two windows.

    Args:
        times: the sums of both windows.
    """
    if not times.first_sums.calls and not times.second_sums.calls:
        return [card("Figures", empty("No calls in either period", "Choose other periods."))]
    columns = [
        card("Figures", _figures(times), flush=True),
        card("Durations", _durations(times), actions=_legend(times)),
    ]
    return [html.Div(columns, className="compare-times")]


def _figures(times: Times) -> Component:
    titles = [_title("A", times.first, FIRST), _title("B", times.second, SECOND)]
    head = html.Tr([html.Th("Measure"), *(html.Th(title) for title in titles), html.Th("A against B")])
    rows = [_row(each, times) for each in MEASURES]
    table = html.Table([html.Thead(head), html.Tbody(list(filter(None, rows)))], className="compare-table figures")
    failed = link("failed calls of A", "/explorer", {"process": times.name, "status": "ERR", **times.first.query()})
    return html.Div([table, html.P(failed, className="figures-more")])


def _title(name: str, window: Window, colour: str) -> Component:
    start, end = local(window.start_ns), local(window.end_ns)
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%b %d %H:%M}"
    mark = html.Div([html.I(className="dot", style={"color": colour}), html.B(name)], className="window-title")
    return html.Div([mark, html.Div(f"{start:%b %d %H:%M} – {last}", className="faint")])


def _row(measure: Measure, times: Times) -> Component | None:
    first = measure.value(times.first_sums, times.first)
    second = measure.value(times.second_sums, times.second)
    if first is None and second is None:
        return None
    cells = [html.Td("–" if value is None else measure.text(value), className="num") for value in (first, second)]
    return html.Tr([html.Th(measure.label, scope="row"), *cells, html.Td(_change(measure, first, second, times))])


def _change(measure: Measure, first: float | None, second: float | None, times: Times) -> Component | str:
    calls = measure.behind(times.first_sums), measure.behind(times.second_sums)
    found = change(first, second, less_is_better=measure.less_is_better, calls=calls)
    if found is None:
        return ""
    tone = {True: "good", False: "bad", None: "even"}[found.good]
    return html.Span(found.text, className=f"delta delta-{tone}")


def _legend(times: Times) -> list[Component]:
    pairs = (("A", FIRST, times.first_sums), ("B", SECOND, times.second_sums))
    return [
        html.Span(
            [
                html.I(className="dot", style={"color": colour}),
                f"{name}, {count(sums.calls)} {plural(sums.calls, 'call')}",
            ],
            className="legend",
        )
        for name, colour, sums in pairs
    ]


def _durations(times: Times) -> Component:
    scale = Scale.over(times.first_sums.buckets, times.second_sums.buckets)
    drawn = [
        bars(scale, times.second_sums, SECOND, "calls in B", _query(times, times.second), share=True),
        bars(scale, times.first_sums, FIRST, "calls in A", _query(times, times.first), share=True),
    ]
    for each in drawn:
        each["marker"]["opacity"] = 0.55
    axis = {"fixedrange": True, "nticks": 5, "ticksuffix": " %", "showgrid": True}
    look = figure(drawn, barmode="overlay", bargap=0.05, yaxis=axis, xaxis=log_axis(scale), hovermode="closest")
    return chart(look, height=330, label="Durations in both periods, as a share of their calls")


def _query(times: Times, window: Window) -> dict[str, str]:
    return {"process": times.name, **window.query()}
