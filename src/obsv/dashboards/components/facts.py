"""Short facts: labels and their values."""

from collections.abc import Iterable
from typing import Any

from dash import html
from dash.development.base_component import Component


def facts(pairs: Iterable[tuple[str, Any]]) -> Component:
    """Return a list of facts, without those that are None.

    Args:
        pairs: label, and text or a component.
    """
    rows = [html.Div([html.Dt(label), html.Dd(value)]) for label, value in pairs if value is not None]
    return html.Dl(rows, className="fact-list")
