"""The values of a call: name, and text in full."""

from collections.abc import Iterable

from dash import dcc, html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.store.spans import Value


def values(title: str, items: Iterable[Value], none: str) -> Component:
    """A list of values.

    Args:
        title: its heading.
        items: the values; their text is shown as it is.
        none: what stands there when there are none.
    """
    rows = [_row(item) for item in items]
    body = html.Table(html.Tbody(rows), className="value-table") if rows else html.P(none, className="none")
    return html.Section([html.H3(title), body], className="panel-part", **aria(label=title))


def _row(item: Value) -> Component:
    text = html.Div(item.text, className="value") if item.text else html.Span("empty", className="faint")
    copy = dcc.Clipboard(content=item.text, title="Copy", className="copy")
    return html.Tr([html.Th(item.name, scope="row", title=item.name), html.Td([text, copy])])
