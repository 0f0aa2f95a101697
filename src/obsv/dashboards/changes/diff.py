"""Lines of a source that changed."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria

_CLASSES = {"+": "diff-added", "-": "diff-taken", "@": "diff-place"}


def diff_lines(text: str) -> Component:
    """Return the lines of `diff -u` without file names; each line is a text node."""
    lines = [line for line in text.splitlines() if not line.startswith(("--- ", "+++ "))]
    rows = [html.Span(line or " ", className=f"line {_CLASSES.get(line[:1], '')}".rstrip()) for line in lines]
    return html.Div(html.Code(rows), className="source diff", role="region", tabIndex=0, **aria(label="Changed lines"))
