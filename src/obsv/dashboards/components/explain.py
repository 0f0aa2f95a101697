"""A button that copies an explanation of a call for an assistant: the text of `obsv explain`."""

from typing import Any

from dash import html
from dash.development.base_component import Component


def explain_button(trace_id: str, span_id: str) -> Component:
    """Return the button of a call; `explain.js` does the work."""
    named: dict[str, Any] = {"data-explain": f"{trace_id}/{span_id}"}
    return html.Button(
        "Copy for an assistant",
        className="button",
        title="Copy what happened as Markdown: exception, source, inputs, differences, callers",
        **named,
    )
