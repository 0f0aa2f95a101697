"""A button that creates a pytest file for a call, and the dialog that shows it.

The shell holds one dialog for all pages; any page may show buttons.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, ctx, dcc, html, no_update
from dash.development.base_component import Component

from obsv.analysis.repro import Repro, repro
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.link import address
from obsv.dashboards.components.source import source

# A drawer opened later would cover the dialog: both have z-index 200 in Mantine.
ABOVE_DRAWERS = 300


def repro_button(trace_id: str, span_id: str) -> Component:
    """Return the button of a call."""
    return html.Button(
        "Reproduce",
        id={"type": "repro", "call": f"{trace_id}/{span_id}"},
        className="button",
        title="Create a pytest file that repeats this call",
    )


def repro_dialog() -> Component:
    """Return the dialog, closed."""
    dialog: Component = dmc.Modal(
        id="repro-dialog",
        title="Reproduce as a test",
        opened=False,
        size="xl",
        zIndex=ABOVE_DRAWERS,
        closeButtonProps=aria(label="Close"),
        children=html.Div(id="repro-body"),
    )
    return dialog


def watch_repro(app: Any) -> None:
    """Declare the callback of the buttons."""

    def write(clicks: list[int | None]) -> Any:
        pressed = ctx.triggered_id
        if not any(clicks) or not isinstance(pressed, dict):
            return no_update, no_update
        trace_id, _, span_id = str(pressed["call"]).partition("/")
        with app.reader.view() as snapshot:
            call = snapshot.read_call(trace_id, span_id)
            found = repro(call, snapshot.read_exact(call))
        return True, body(found, trace_id, span_id)

    app.callback(
        Output("repro-dialog", "opened"),
        Output("repro-body", "children"),
        Input({"type": "repro", "call": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )(write)


def body(found: Repro, trace_id: str, span_id: str) -> Component:
    """Return the content of the dialog.

    Args:
        found: the test.
        trace_id: trace ID of the call.
        span_id: span ID of the call.
    """
    notes: list[Component] = [html.Code(found.file_name, className="muted")]
    if found.received:
        notes.append(html.Span("from another program: contains its data, imports nothing", className="badge badge-err"))
    if found.placeholders:
        notes.append(html.Span(f"fill in: {', '.join(found.placeholders)}", className="badge badge-stale"))
    if found.exact:
        notes.append(
            html.Span("loads a pickle: run it only if you trust the recorded data", className="badge badge-err")
        )
    download = html.A(
        [html.I(className="icon icon-download", **aria(hidden=True)), "Download"],
        href=address(f"/api/v1/repro/{trace_id}/{span_id}"),
        download=found.file_name,
        className="button",
    )
    head = html.Div([html.Div(notes, className="badges"), download], className="repro-head")
    copy = dcc.Clipboard(content=found.source, title="Copy", className="copy")
    return html.Div([head, html.Div([copy, source(found.source)], className="repro-source")])
