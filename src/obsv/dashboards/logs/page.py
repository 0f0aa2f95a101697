"""Logs: events and log records, filtered, searched, live.

The JSON API provides the lines (`logs.js`), in pages by key.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.choice import choice
from obsv.dashboards.controls.filters import (
    DEBOUNCE_MS,
    MOST_CHOICES,
    live_button,
    name_choice,
    search_box,
)
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.page import App, Page, View

SEVERITIES = (("", "All"), ("INFO", "Info"), ("WARN", "Warn"), ("ERROR", "Error"))
WIDGETS = ("logs-q", "logs-severity", "logs-event", "logs-process", "logs-service")


def layout(view: View) -> Component:
    """Return the page for the address's filters; its script reads the lines.

    Raises:
        InvalidQuery: the address's time range cannot be parsed.
    """
    window = view.window("1h")
    return html.Div(
        [
            html.Div([html.H1("Logs"), _tools(view, window)], className="page-head"),
            _filters(view),
            html.Div(id="logs-lines", className="card log-lines", role="list", **aria(label="Log records")),
            html.Div(id="logs-none", className="card state log-state", hidden=True),
            html.Footer(
                [
                    html.Span(id="logs-status", role="status"),
                    html.Button("Older records", id="logs-more", className="button", hidden=True),
                ],
                className="log-foot",
            ),
            dcc.Store(id="logs-loaded"),
        ],
        className="logs-page",
    )


def _tools(view: View, window: Any) -> Component:
    button = live_button("logs-live", view.query.get("live") == "1", "Show new records as they arrive")
    return html.Div([time_picker("logs-time", window, now_ns=view.now_ns), button], className="page-tools")


def _filters(view: View) -> Component:
    query = view.query
    label = "Search text, fields and names"
    search = search_box("logs-q", query.get("q", ""), label, label)
    severity = choice("logs-severity", SEVERITIES, query.get("severity", ""), "Least severity")
    event = dmc.TextInput(
        id="logs-event",
        value=query.get("event", ""),
        placeholder="Event",
        debounce=DEBOUNCE_MS,
        size="xs",
        className="log-event",
        **aria(label="Name of the event"),
    )
    selects = [
        _select("process", "Function", query.get("process"), view.reader.read_processes(limit=MOST_CHOICES)),
        _select("service", "Service", query.get("service"), view.reader.read_services()),
    ]
    clear = html.Button([html.I(className="icon icon-close"), "Clear"], id="logs-clear", className="button quiet")
    return html.Div([search, severity, event, *selects, clear], className="filters log-filters", role="search")


def _select(name: str, label: str, value: str | None, given: list[str]) -> Component:
    return name_choice(f"logs-{name}", value, given, label, className=f"select-{name}", width=320)


def register(app: App) -> None:
    """Declare the callbacks, which all run in the browser."""
    watch_time_picker(app, "logs-time")
    app.clientside(
        "logsLoad",
        Output("logs-loaded", "data"),
        *(Input(id, "value") for id in WIDGETS),
        Input("logs-time-window", "data"),
    )
    values = [Output(id, "value") for id in WIDGETS]
    app.clientside("logsClear", *values, Input("logs-clear", "n_clicks"), prevent_initial_call=True)
    for function, output, input in (
        ("logsLive", Output("logs-live", "aria-pressed"), Input("logs-live", "n_clicks")),
        ("logsTail", Output("logs-live", "data-last"), Input("pulse-logs", "data")),
        ("logsMore", Output("logs-more", "data-last"), Input("logs-more", "n_clicks")),
    ):
        app.clientside(function, output, input, prevent_initial_call=True)


PAGE = Page(path="/logs", title="Logs", layout=layout, register=register, icon="logs", key="l", needs_data=False)
