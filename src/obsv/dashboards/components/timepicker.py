"""The choice of a time window: presets and a custom range.

    time_picker("flow-time", view.window(), now_ns=view.now_ns)     in layout
    watch_time_picker(app, "flow-time")                              in register

The store `flow-time-window` then holds what `Window.parse` takes, `{"range": …}` or `{"from": …, "to": …}`, and the
address follows. It is the Input of whatever the window changes.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import local
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.choice import choice
from obsv.store.window import PRESETS, Window


def time_picker(id: str, window: Window, *, now_ns: int) -> Component:
    """The picker.

    Args:
        id: prefix of its parts' ids: `<id>-preset`, `<id>-from`, `<id>-to`, `<id>-window`.
        window: what is chosen.
        now_ns: Unix time in ns; no later day can be picked.
    """
    presets = choice(
        f"{id}-preset",
        [*((name, name) for name in PRESETS), ("custom", "Custom")],
        window.preset or "custom",
        "Time range",
    )
    custom = custom_range(id, None if window.preset else window, now_ns=now_ns)
    return html.Div([custom, presets, dcc.Store(id=f"{id}-window", data=window.query())], className="time-picker")


def custom_range(id: str, window: Window | None, *, now_ns: int, shown: bool | None = None) -> Component:
    """Two local times, `<id>-from` and `<id>-to`, in `<id>-custom`.

    Args:
        id: prefix of the ids.
        window: what stands in them; None leaves them empty.
        now_ns: Unix time in ns; no later day can be picked.
        shown: whether they are to be seen; None when something stands in them.
    """
    ends = (None, None) if window is None else (window.start_ns, window.end_ns)
    fields = [_field(id, name, ns, now_ns) for name, ns in zip(("From", "To"), ends, strict=True)]
    hidden = window is None if shown is None else not shown
    style = {"display": "none"} if hidden else {}
    return html.Div(fields, id=f"{id}-custom", className="custom-range", style=style)


def watch_time_picker(app: Any, id: str) -> None:
    """Declare its callbacks.

    Args:
        app: of `register`.
        id: as given to `time_picker`.
    """
    app.clientside(
        "pickTime",
        Output(f"{id}-window", "data"),
        Output(f"{id}-custom", "style"),
        Input(f"{id}-preset", "value"),
        Input(f"{id}-from", "value"),
        Input(f"{id}-to", "value"),
        prevent_initial_call=True,
    )


def _field(id: str, name: str, ns: int | None, now_ns: int) -> Component:
    field: Component = dmc.DateTimePicker(
        id=f"{id}-{name.lower()}",
        value=None if ns is None else f"{local(ns):%Y-%m-%d %H:%M:%S}",
        placeholder=name,
        size="xs",
        withSeconds=True,
        clearable=True,
        valueFormat="YYYY-MM-DD HH:mm:ss",
        maxDate=f"{local(now_ns):%Y-%m-%d}",
        **aria(label=name),
    )
    return field
