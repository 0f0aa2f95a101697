"""A table that scrolls sideways where the screen is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria


def framed_table(names: Sequence[str], rows: Sequence[Sequence[Any]], label: str, *, wide: bool = False) -> Component:
    """Return a table of texts and components; recorded text stays text.

    Args:
        names: of the columns; an empty one is read out as "State".
        rows: cells.
        label: name of the table for screen readers.
        wide: whether it keeps a readable width where the screen is narrower.
    """
    head = html.Tr([html.Th(name or html.Span("State", className="visually-hidden"), scope="col") for name in names])
    body = [html.Tr([html.Td(cell) for cell in row]) for row in rows]
    table = html.Table([html.Thead(head), html.Tbody(body)], className="framed-table" + (" wide" if wide else ""))
    return html.Div(table, className="table-frame", tabIndex=0, role="region", **aria(label=label))
