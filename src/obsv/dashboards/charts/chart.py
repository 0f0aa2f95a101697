"""Plotly figures in the house style."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from obsv.dashboards.charts.axis import cap
from obsv.dashboards.components.aria import aria
from obsv.dashboards.theme import FIGURE_CONFIG, figure


def chart(figure: dict[str, Any], *, id: str | None = None, height: int | str = 220, label: str = "chart") -> Component:
    """Return a figure.

    Args:
        figure: created with `theme.figure`.
        id: for callbacks.
        height: in px, or any CSS height.
        label: description for screen readers.
    """
    size = f"{height}px" if isinstance(height, int) else height
    named: dict[str, Any] = {"id": id} if id else {}
    graph = dcc.Graph(figure=figure, config=FIGURE_CONFIG, style={"height": size}, responsive=True, **named)
    return html.Div(graph, className="chart", role="img", **aria(label=label))


def line_mode(values: Sequence[float | None]) -> str:
    """Return plotly's mode for a line; a value without neighbours gets a dot, as it would not be visible as a line."""
    gaps = [None, *values, None]
    alone = any(
        here is not None and before is None is after
        for before, here, after in zip(gaps, gaps[1:], gaps[2:], strict=False)
    )
    return "lines+markers" if alone else "lines"


def sparkline(
    x: Sequence[Any],
    y: Sequence[float | None],
    *,
    colour: str = "#3e8ef7",
    unit: str = "",
    step_ms: int | None = None,
    marks: dict[str, list[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """Return the figure of a small line without axes, with values on hover.

    Args:
        x: local times or numbers.
        y: values; None leaves a gap.
        colour: `#rrggbb`.
        unit: unit shown after a value on hover.
        step_ms: length of a time bin in ms; a range can then be selected with the pointer.
        marks: lines across it, from `milestone_marks`.
    """
    line = {
        "type": "scatter",
        "mode": line_mode(y),
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "width": 1.5},
        "marker": {"size": 4},
        "fill": "tozeroy",
        "fillcolor": colour + "1f",
        "hovertemplate": "%{y:,.4~g}" + unit + "<extra></extra>",
    }
    bare = {"visible": False, "fixedrange": True}
    top = cap(y)
    cut = {"range": [0, top], "autorange": False} if top else {}
    chosen = {"dragmode": "zoom", "meta": {"step_ms": step_ms}} if step_ms else {}
    ends = {"range": [x[0], x[-1]], "autorange": False} if len(x) > 1 else {}
    hover = {"showspikes": False, "hoverformat": "%H:%M:%S", **ends}
    layout = {"margin": {"l": 0, "r": 0, "t": 2, "b": 0}, "xaxis": {**bare, **hover, "fixedrange": not step_ms}}
    # Inside: there is no room above.
    notes = [{**each, "yanchor": "top", "font": {"size": 9}} for each in (marks or {}).get("annotations", [])]
    lines = {"shapes": marks["shapes"], "annotations": notes} if marks and notes else {}
    return figure([line], **layout, yaxis={**bare, **cut}, **chosen, **lines)
