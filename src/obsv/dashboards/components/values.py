"""The values of a call: names, and full texts."""

from collections.abc import Iterable
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.store.spans import Value

LONG, LINES = 90, 3


def values(title: str, items: Iterable[Value], none: str) -> Component:
    """Return a list of values.

    Args:
        title: its heading.
        items: the values; their texts are shown unchanged.
        none: text to show if there are none.
    """
    rows = [_row(item) for item in items]
    body = html.Table(html.Tbody(rows), className="value-table") if rows else html.P(none, className="none")
    return html.Section([html.H3(title), body], className="panel-part", **aria(label=title))


def value_text(text: str) -> Component:
    """Return a value's text; long text can be scrolled with the keyboard."""
    long: dict[str, Any] = {"tabIndex": 0} if len(text) > LONG or text.count("\n") > LINES else {}
    return html.Div(text, className="value", **long)


def _row(item: Value) -> Component:
    text = value_text(item.text) if item.text else html.Span("empty", className="faint")
    copy = dcc.Clipboard(content=item.text, title="Copy", className="copy")
    return html.Tr([html.Th(item.name, scope="row", title=item.name), html.Td([text, copy])])
