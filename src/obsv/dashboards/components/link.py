"""Links inside the app: no reload."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dash import dcc
from dash.development.base_component import Component

from obsv.web.root_path import under


def address(path: str, query: Mapping[str, str | None] | None = None) -> str:
    """Return the address of a path of the app, with a query string without entries that are None or empty."""
    given = {name: value for name, value in (query or {}).items() if value}
    return under(path) + ("?" + urlencode(given) if given else "")


def link(children: Any, path: str, query: Mapping[str, str | None] | None = None, **props: Any) -> Component:
    """Return a text link to a page of the app.

    Args:
        children: its content.
        path: the page's address.
        query: entries of the query string.
        **props: additional properties of `dcc.Link`.
    """
    return dcc.Link(children, href=address(path, query), **{"className": "link", **props})


def button_link(text: str, path: str, query: Mapping[str, str | None] | None = None, **props: Any) -> Component:
    """Return a link that looks like a button."""
    return dcc.Link(text, href=address(path, query), **{"className": "button", **props})
