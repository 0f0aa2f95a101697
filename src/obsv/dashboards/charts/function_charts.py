"""Charts of a function: its durations, and its history."""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.analysis.distribution import Scale
from obsv.dashboards.charts import chart
from obsv.dashboards.charts.axis import cap, count_axis, cut_marks, duration_axis, log_ticks, time_axis
from obsv.dashboards.charts.chart import line_mode
from obsv.dashboards.charts.milestones import milestone_marks
from obsv.dashboards.clock import count, duration, local
from obsv.dashboards.components import empty
from obsv.dashboards.theme import DARK, figure
from obsv.store.figures import History, Milestone, Sums

ACCENT, ERR, STALE, MUTED = DARK["accent"], DARK["err"], DARK["stale"], DARK["faint"]
PERCENTILES = ((0.5, "P50"), (0.95, "P95"), (0.99, "P99"))


def latency(sums: Sums, query: dict[str, str], *, height: int = 188) -> Component:
    """Return a histogram of durations on a log scale, with the percentiles marked.

    Args:
        sums: the durations.
        query: query of the explorer for these calls; clicking a bar opens its calls.
        height: in px.
    """
    if not sums.calls:
        return empty("No calls in this period")
    scale = Scale.over(sums.buckets)
    marks = _marks(scale, sums)
    drawn = bars(scale, sums, ACCENT, "calls", query)
    return chart(
        figure([drawn], xaxis=log_axis(scale), yaxis=count_axis(drawn["y"]), bargap=0.08, hovermode="closest",
               margin={"t": 20}, **marks),
        height=height,
        label="Histogram of durations",
    )  # fmt: skip


def bars(
    scale: Scale, sums: Sums, colour: str, name: str, query: dict[str, str], *, share: bool = False
) -> dict[str, Any]:
    """Return the bars of a histogram as a plotly trace.

    Args:
        scale: positions of the bars.
        sums: the durations.
        colour: `#rrggbb`.
        name: description for the hover text.
        query: query of the explorer for these calls.
        share: whether the height is the share of all calls, in percent, instead of a count.
    """
    drawn = scale.draw(sums.buckets)
    heights = [each.calls / sums.calls * 100 if share and sums.calls else each.calls for each in drawn]
    about = [
        [f"{duration(each.low_ns)} – {duration(each.high_ns)}<br>{each.calls:,} {name}",
         floor(each.low_ns) / 1e6, ceil(each.high_ns) / 1e6]
        for each in drawn
    ]  # fmt: skip
    places = [at + 0.5 for at in range(len(drawn))]
    look = {"marker": {"color": colour, "opacity": 0.8}, "hovertemplate": "%{customdata[0]}<extra></extra>"}
    look["meta"] = {"calls": query}
    return {"type": "bar", "x": places, "y": heights, "customdata": about, "name": name, **look}


def log_axis(scale: Scale) -> dict[str, Any]:
    """Return an x axis in bars, labelled with durations of 1, 10 and 100."""
    ticks = log_ticks(scale.edge(0), scale.edge(scale.bars))
    places = [scale.at(ns) for ns in ticks]
    return {"fixedrange": True, "tickvals": places, "ticktext": list(ticks.values()),
            "range": [-0.5, scale.bars + 0.5]}  # fmt: skip


def _marks(scale: Scale, sums: Sums) -> dict[str, Any]:
    shapes, notes = [], []
    for share, name in PERCENTILES:
        x = scale.place(sums.percentile_ns(share) or 0)
        line = {"color": MUTED, "width": 1, "dash": "dot"}
        shapes.append({"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line})
        notes.append({"x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "text": name, "showarrow": False})
    return {"shapes": shapes, "annotations": _apart(notes, scale)}


def _apart(notes: list[dict[str, Any]], scale: Scale) -> list[dict[str, Any]]:
    """Join labels that would overlap."""
    joined: list[dict[str, Any]] = []
    for note in notes:
        if joined and note["x"] - joined[-1]["x"] < scale.bars / 12:
            joined[-1] = {**note, "text": f"{joined[-1]['text']} {note['text']}"}
        else:
            joined.append(note)
    return joined


def day(history: History, milestones: list[Milestone]) -> Component:
    """Return calls and errors, and below them durations, over the chosen window.

    Args:
        history: bins of the function.
        milestones: deployments and new versions to mark.
    """
    times = [f"{local(history.start_ns + at * history.step_ns):%Y-%m-%d %H:%M}" for at in range(len(history.bins))]
    if not any(each.calls for each in history.bins):
        return empty("No calls in this period")
    end_ns = history.start_ns + len(times) * history.step_ns
    ends = time_axis(range=[times[0], f"{local(end_ns):%Y-%m-%d %H:%M}"])
    chosen = {"dragmode": "zoom", "meta": {"step_ms": history.step_ns // 1_000_000}}
    fine = [each.calls - each.errors for each in history.bins]
    failed = [each.errors for each in history.bins]
    calls = [
        {"type": "bar", "x": times, "y": fine, "name": "OK", "marker": {"color": ACCENT, "opacity": 0.75}},
        {"type": "bar", "x": times, "y": failed, "name": "ERR", "marker": {"color": ERR}},
    ]
    for each in calls:
        each["hovertemplate"] = "%{y:,}"
    lines = [_line(times, history, share, name, colour)
             for (share, name), colour in zip(PERCENTILES, (ACCENT, STALE, ERR), strict=True)]  # fmt: skip
    heights = [float(each.calls) for each in history.bins]
    marked = milestone_marks(milestones)
    marks = cut_marks(times, heights, cap(heights), count) + marked["annotations"]
    durations = duration_axis(value for line in lines for value in line["y"])
    return html.Div(
        [
            html.P(f"Calls per {duration(history.step_ns)}", className="chart-title"),
            chart(figure(calls, barmode="stack", bargap=0.15, yaxis=count_axis(heights), xaxis=ends, annotations=marks,
                         shapes=marked["shapes"], margin={"t": 20 if marks else 8}, **chosen),
                  height=112, label="Calls over time, with failed calls marked"),
            html.P("Durations", className="chart-title"),
            chart(figure(lines, yaxis=durations, xaxis=ends, shapes=marked["shapes"], **chosen),
                  height=124, label="Percentiles over time"),
        ]
    )  # fmt: skip


def _line(times: list[str], history: History, share: float, name: str, colour: str) -> dict[str, Any]:
    values = [each.percentile_ns(share) for each in history.bins]
    return {
        "type": "scatter",
        "mode": line_mode(values),
        "x": times,
        "y": values,
        "customdata": [None if value is None else duration(value) for value in values],
        "name": name,
        "line": {"color": colour, "width": 1.4},
        "marker": {"size": 4},
        "connectgaps": False,
        "cliponaxis": cap(values) is not None,
        "hovertemplate": "%{customdata}",
    }
