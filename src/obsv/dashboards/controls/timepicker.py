"""The choice of a time window: presets and a custom range.

    time_picker("flow-time", view.window(), now_ns=view.now_ns)     in layout
    watch_time_picker(app, "flow-time")                              in register

The store `flow-time-window` then holds the argument of `Window.parse`, `{"range": …}` or `{"from": …, "to": …}`, and
the address is updated. It is the Input of everything that depends on the window.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import local, zone_text
from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls.choice import choice
from obsv.store.ground import PRESETS, Window


def time_picker(id: str, window: Window, *, now_ns: int) -> Component:
    """Return the picker.

    Args:
        id: prefix of its parts' IDs: `<id>-preset`, `<id>-from`, `<id>-to`, `<id>-window`.
        window: the selected window.
        now_ns: Unix time in ns; later days cannot be selected.
    """
    presets = choice(
        f"{id}-preset",
        [*((name, name) for name in PRESETS), ("custom", "Custom")],
        window.preset or "custom",
        "Time range",
    )
    custom = custom_range(id, window, now_ns=now_ns, shown=not window.preset)
    zone = html.Span(zone_text(now_ns), className="zone", title="Times are local; hover over one for UTC")
    store = dcc.Store(id=f"{id}-window", data=window.query())
    return html.Div([zone, custom, presets, store], className="time-picker")


def custom_range(id: str, window: Window, *, now_ns: int, shown: bool) -> Component:
    """Return two local times, `<id>-from` and `<id>-to`, in `<id>-custom`.

    Args:
        id: prefix of the IDs.
        window: their initial values.
        now_ns: Unix time in ns; later days cannot be selected.
        shown: whether they are visible.
    """
    fields = [_field(id, "From", window.start_ns, now_ns), _field(id, "To", window.end_ns, now_ns)]
    style = {} if shown else {"display": "none"}
    return html.Div(fields, id=f"{id}-custom", className="custom-range", style=style)


def watch_time_picker(app: Any, id: str) -> None:
    """Declare the picker's callbacks.

    Args:
        app: the argument of `register`.
        id: as given to `time_picker`.
    """
    app.clientside(
        "pickTime",
        Output(f"{id}-window", "data"),
        Output(f"{id}-custom", "style"),
        Output(f"{id}-from", "value"),
        Output(f"{id}-to", "value"),
        Input(f"{id}-preset", "value"),
        Input(f"{id}-from", "value"),
        Input(f"{id}-to", "value"),
        State(f"{id}-window", "data"),
        prevent_initial_call=True,
    )


def _field(id: str, name: str, ns: int, now_ns: int) -> Component:
    field: Component = dmc.DateTimePicker(
        id=f"{id}-{name.lower()}",
        value=f"{local(ns):%Y-%m-%d %H:%M:%S}",
        placeholder=name,
        size="xs",
        withSeconds=True,
        clearable=True,
        valueFormat="YYYY-MM-DD HH:mm:ss",
        maxDate=f"{local(now_ns):%Y-%m-%d}",
        **aria(label=name),
    )
    return field
