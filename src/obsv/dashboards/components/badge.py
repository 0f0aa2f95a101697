"""A word in a coloured box."""

from typing import Any, Literal

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria

Kind = Literal["ok", "err", "stale", "accent", "plain"]


def badge(
    text: str, kind: Kind = "plain", *, title: str | None = None, dot: bool = False, id: str | None = None
) -> Component:
    """Return a badge.

    Args:
        text: its text.
        kind: its colour: `ok`, `err`, `stale`, `accent` or `plain`.
        title: shown on hover.
        dot: whether to show a dot of the same colour before the text.
        id: for callbacks.
    """
    named: dict[str, Any] = {"id": id} if id else {}
    mark = [html.I(className="dot", **aria(hidden=True))] if dot else []
    return html.Span([*mark, text], className=f"badge badge-{kind}", title=title, **named)


def status_badge(status: str) -> Component:
    """Return the badge of a call's status, `OK` or `ERR`."""
    return badge(status, "err" if status == "ERR" else "ok")
