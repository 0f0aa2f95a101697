"""Placeholders for content: nothing found, an error, nothing recorded yet."""

import re
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.link import button_link

EXAMPLE = """from obsv import monitor

@monitor
def add(a, b):
    return a + b

add(1, 2)"""


def empty(title: str, text: str = "", action: Any = None) -> Component:
    """Return a message about missing content, with the reason and a remedy.

    Args:
        title: what is missing.
        text: why, and what would help.
        action: a link or button.
    """
    return html.Div(
        [html.I(className="icon icon-empty", **aria(hidden=True)), html.H3(title), html.P(text), action],
        className="state",
        role="status",
    )


def failure(error: Exception) -> Component:
    """Return the message of an error."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).capitalize()
    return html.Div(
        [
            html.I(className="icon icon-failure", **aria(hidden=True)),
            html.H3(kind),
            html.P(str(error)),
            button_link("Overview", "/"),
        ],
        className="state state-err",
        role="alert",
    )


def first_run(path: str) -> Component:
    """Return instructions on how to record, for a store that is missing or empty.

    Args:
        path: where the server expects the store.
    """
    steps = [
        html.Li(
            [
                html.H3("Decorate a function"),
                html.Div([html.Pre(html.Code(EXAMPLE), id="first-code"), _copy("first-code")]),
            ]
        ),
        html.Li([html.H3("Run the program"), html.P(["It writes to ", html.Code(path, className="path"), "."])]),
        html.Li([html.H3("Watch"), html.P("This page opens automatically when the first call arrives.")]),
    ]
    wait = html.P([html.I(className="dot pulse"), "Waiting for the first call…"], className="waiting", role="status")
    return html.Div(
        [
            html.H1("Nothing recorded yet"),
            html.P("Three steps, without starting a service.", className="lead"),
            html.Ol(steps),
            wait,
        ],
        className="first-run",
        id="first-run",
    )


def _copy(target: str) -> Component:
    return dcc.Clipboard(target_id=target, title="Copy", className="copy")
