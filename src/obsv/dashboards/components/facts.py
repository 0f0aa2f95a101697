"""Small facts: a label and what it says."""

from collections.abc import Iterable
from typing import Any

from dash import html
from dash.development.base_component import Component


def facts(pairs: Iterable[tuple[str, Any]]) -> Component:
    """A list of facts; those that are None are left out.

    Args:
        pairs: label, and text or a component.
    """
    rows = [html.Div([html.Dt(label), html.Dd(value)]) for label, value in pairs if value is not None]
    return html.Dl(rows, className="fact-list")
