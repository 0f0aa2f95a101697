"""Links inside the app: no reload."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dash import dcc
from dash.development.base_component import Component


def address(path: str, query: Mapping[str, str | None] | None = None) -> str:
    """A path with a query string; entries that are None or empty are left out."""
    given = {name: value for name, value in (query or {}).items() if value}
    return path + ("?" + urlencode(given) if given else "")


def link(children: Any, path: str, query: Mapping[str, str | None] | None = None, **props: Any) -> Component:
    """A text link to a page of the app.

    Args:
        children: what it shows.
        path: the page's address.
        query: entries of the query string.
        **props: further properties of `dcc.Link`.
    """
    return dcc.Link(children, href=address(path, query), **{"className": "link", **props})


def button_link(text: str, path: str, query: Mapping[str, str | None] | None = None, **props: Any) -> Component:
    """A link that looks like a button."""
    return dcc.Link(text, href=address(path, query), **{"className": "button", **props})
