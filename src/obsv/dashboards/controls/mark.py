"""A button that marks a call, and on another one compares both (mark.js)."""

from typing import Any

from dash import html
from dash.development.base_component import Component


def mark_button(trace_id: str, span_id: str) -> Component:
    """Return the button of a call."""
    marked: dict[str, Any] = {"data-marked": f"{trace_id}.{span_id}"}
    title = "Mark this call; pressed on another call, both are compared"
    return html.Button("Compare with…", className="button", title=title, **marked)
