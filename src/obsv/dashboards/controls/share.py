"""Buttons for a link that shows the same at any time, and for keeping a trace; `share.js` does the work."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component


def share_button(trace_id: str = "", path: str = "", preset: str = "") -> Component:
    """Return a button that copies a link, says how long what it shows can be read, and offers to keep it.

    Args:
        trace_id: the trace that is shown; empty: a selection of calls.
        path: path and query of the link; empty: those of the page.
        preset: the time range of a page whose address has none; empty: it has no range.
    """
    about: dict[str, Any] = {"data-share": trace_id, "data-path": path, "data-preset": preset}
    return html.Button("Copy link", className="button", title="With fixed times; says how long it leads here", **about)


def keep_button(trace_id: str, text: str = "Keep…") -> Component:
    """Return a button that keeps a trace beyond retention, or shows who keeps it and offers to end that."""
    about: dict[str, Any] = {"data-keep": trace_id}
    return html.Button(text, className="button", title="How long this trace is kept", **about)
