"""Fields of a page's filters: a search box, a choice among names, the switch to live."""

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls.hotkey import SEARCH

DEBOUNCE_MS = 300
MOST_CHOICES = 100


def search_box(id: str, value: str, placeholder: str, label: str) -> Component:
    """Return a field for text, which the key `/` focuses.

    Args:
        id: ID of the component; its `value` is the text.
        value: the text at first.
        placeholder: shown while it is empty.
        label: description for screen readers.
    """
    field: Component = dmc.TextInput(
        id=id,
        value=value,
        placeholder=placeholder,
        debounce=DEBOUNCE_MS,
        size="xs",
        leftSection=html.I(className="icon icon-search"),
        rightSection=html.Kbd("/"),
        className="search",
        **SEARCH,
        **aria(label=label),
    )
    return field


def name_choice(
    id: str, value: str | None, given: Sequence[str], label: str, *, className: str, width: int
) -> Component:
    """Return a field that takes one of many names, or none.

    Args:
        id: ID of the component; its `value` is the name.
        value: the name at first; it need not be one of those given.
        given: the names to begin with.
        label: what it chooses.
        className: of the component.
        width: of the list, px.
    """
    field: Component = dmc.Select(
        id=id,
        data=list(given) if value is None or value in given else [value, *given],
        value=value,
        placeholder=label,
        searchable=True,
        clearable=True,
        limit=MOST_CHOICES,
        size="xs",
        nothingFoundMessage="none",
        comboboxProps={"width": width, "position": "bottom-start"},
        className=className,
        **aria(label=label),
    )
    return field


def live_button(id: str, is_live: bool, title: str) -> Component:
    """Return the switch between a list that stands still and one that shows what arrives (`live.js`).

    Args:
        id: ID of the component.
        is_live: whether it is on at first.
        title: shown on hover.
    """
    return html.Button(
        [html.I(className="icon icon-play", **aria(hidden=True)), html.Span("Live")],
        id=id,
        className="button live",
        title=title,
        **aria(pressed=is_live),
    )
