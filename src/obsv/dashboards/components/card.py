"""A titled box, and the box with one large number in it."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria


def card(
    title: str | None, children: Any, *, actions: Any = None, id: str | None = None, flush: bool = False
) -> Component:
    """A titled box.

    Args:
        title: its heading; None for none.
        children: its content.
        actions: what stands at the right of the heading.
        id: id of the content, for callbacks that replace it.
        flush: whether the content reaches the border (grids, lists).
    """
    head = [html.Header([html.H2(title), html.Div(actions, className="card-actions")])] if title else []
    body = html.Div(children, className="card-body" + (" flush" if flush else ""), **_id(id))
    return html.Section([*head, body], className="card", **aria(label=title or ""))


def _id(id: str | None) -> dict[str, Any]:
    return {"id": id} if id else {}


def stat(
    label: str, value: str, *, change: str | None = None, good: bool | None = None, spark: Any = None
) -> Component:
    """One large number.

    Args:
        label: what it is.
        value: the number with its unit.
        change: against the period before, like `+12 %`.
        good: whether the change is for the better; None when it is neither.
        spark: its sparkline.
    """
    tone = {True: "good", False: "bad", None: "even"}[good]
    delta = [html.Span(change, className=f"delta delta-{tone}", title="Against the period before")] if change else []
    figures = html.Div([html.Span(value, className="stat-value"), *delta], className="stat-figures")
    chart = html.Div(spark, className="stat-spark") if spark is not None else None
    return html.Div([html.Div(label, className="stat-label"), figures, chart], className="card stat", role="group")
