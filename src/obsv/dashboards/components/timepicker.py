"""The choice of a time window: presets and a custom range."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from obsv.dashboards.clock import local
from obsv.dashboards.components.aria import aria
from obsv.store.window import PRESETS, Window


def time_picker(id: str, window: Window, *, now_ns: int) -> Component:
    """The picker. Its parts: `<id>-preset` (`value`: a preset or `custom`) and `<id>-range` (`value`: two local times).

    Args:
        id: prefix of its parts' ids.
        window: what is chosen.
        now_ns: Unix time in ns; no later day can be picked.
    """
    presets = dmc.SegmentedControl(
        id=f"{id}-preset",
        data=[*({"value": name, "label": name} for name in PRESETS), {"value": "custom", "label": "Custom"}],
        value=window.preset or "custom",
        size="xs",
        className="presets",
        **aria(label="Time range"),
    )
    custom = None if window.preset else window
    fields = [
        dmc.DateTimePicker(
            id=f"{id}-{name}",
            value=f"{local(ns):%Y-%m-%d %H:%M:%S}" if custom else None,
            placeholder=label,
            size="xs",
            withSeconds=True,
            clearable=True,
            valueFormat="YYYY-MM-DD HH:mm:ss",
            maxDate=f"{local(now_ns):%Y-%m-%d}",
            **aria(label=label),
        )
        for name, label, ns in (("from", "From", window.start_ns), ("to", "To", window.end_ns))
    ]
    hidden = {} if custom else {"display": "none"}
    return html.Div(
        [presets, html.Div(fields, id=f"{id}-custom", className="custom-range", style=hidden)], className="time-picker"
    )
