"""A field to choose a function: the server searches by part of the name while the user types.

function_select("code-function", view.reader, name)      in layout
watch_function_select(app, "code-function")               in register
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls.hotkey import SEARCH
from obsv.store.seam import Store


def function_select(id: str, reader: Store, name: str | None) -> Component:
    """Return a field that finds functions by part of their name, asking the server as the user types.

    Args:
        id: ID of the field; `watch_function_select` declares its callbacks.
        reader: reader of the store.
        name: the selected function.
    """
    names = reader.read_processes("")
    field = dmc.Select(
        id=id,
        data=names if name is None or name in names else [name, *names],
        value=name,
        searchable=True,
        clearable=True,
        nothingFoundMessage="No function with that name",
        placeholder="Find a function",
        size="xs",
        maxDropdownHeight=420,
        leftSection=html.I(className="icon icon-search"),
        className="mono",
        **aria(label="Function"),
    )
    return html.Div(field, className="function-select", **SEARCH)


def watch_function_select(app: Any, id: str) -> None:
    """Declare the callback of a `function_select`."""

    def find(part: str | None, chosen: str | None) -> list[str]:
        names = app.reader.read_processes("" if part == chosen else part or "")
        return names if chosen is None or chosen in names else [chosen, *names]

    app.callback(Output(id, "data"), Input(id, "searchValue"), Input(id, "value"), prevent_initial_call=True)(find)
