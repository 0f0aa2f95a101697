"""A titled box, and a box with one large number."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria


def card(
    title: str | None, children: Any, *, actions: Any = None, id: str | None = None, flush: bool = False
) -> Component:
    """Return a titled box.

    Args:
        title: its heading; None omits it.
        children: its content.
        actions: content to the right of the heading.
        id: id of the content, for callbacks that replace it.
        flush: whether the content extends to the border (grids, lists).
    """
    head = [html.Header([html.H2(title), html.Div(actions, className="card-actions")])] if title else []
    body = html.Div(children, className="card-body" + (" flush" if flush else ""), **_id(id))
    return html.Section([*head, body], className="card", **aria(label=title or ""))


def _id(id: str | None) -> dict[str, Any]:
    return {"id": id} if id else {}


def stat(label: str, figures: list[Component], spark: Component, *, id: str, hint: str | None = None) -> Component:
    """Return a box with one large number and its sparkline.

    Args:
        label: name of the figure.
        figures: result of `stat_figures`.
        spark: a small chart.
        id: ID of the element with the figures, for callbacks that replace them.
        hint: exact definition, shown on hover.
    """
    number = html.Div(figures, className="stat-figures", id=id)
    parts = [html.Div(label, className="stat-label", title=hint), number, html.Div(spark, className="stat-spark")]
    return html.Div(parts, className="card stat", role="group", **aria(label=label))


def stat_figures(
    value: str,
    *,
    unit: str | None = None,
    change: str | None = None,
    good: bool | None = None,
    about: str | None = None,
) -> list[Component]:
    """Return the number of a `stat`, and its change.

    Args:
        value: the number with its unit.
        unit: what it is of, smaller.
        change: against the period before, like `+12 %`.
        good: whether the change is for the better; None when it is neither.
        about: what the number is made of, on hover.
    """
    number = html.Span([value, html.Small(f" {unit}")] if unit else value, className="stat-value", title=about)
    if change is None:
        return [number]
    tone = {True: "good", False: "bad", None: "even"}[good]
    return [number, html.Span(change, className=f"delta delta-{tone}", title="Compared with the previous period")]
