"""A row of links of which one is chosen: views, kinds, periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.link import link

Query = Mapping[str, str | None]


def option(shown: Any, path: str, query: Query, is_chosen: bool) -> Component:
    """Return a link that looks like a button, marked if it is chosen."""
    found = link(shown, path, query, className="button since" + (" chosen" if is_chosen else ""))
    return html.Span(found, **(aria(current="true") if is_chosen else {}))


def options(label: str, found: Iterable[Component], *, shown: str = "") -> Component:
    """Return the options of a choice.

    Args:
        label: what is chosen.
        found: results of `option`.
        shown: text before them.
    """
    name = [html.Span(shown, className="muted")] if shown else []
    return html.Nav([*name, *found], className="since-choices", **aria(label=label))
