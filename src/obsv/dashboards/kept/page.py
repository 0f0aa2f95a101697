"""Kept traces: those that retention does not delete, who kept them and why."""

from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import count, duration, size, when
from obsv.dashboards.components import badge, empty, link
from obsv.dashboards.controls.share import keep_button
from obsv.dashboards.page import App, Page, View
from obsv.store.figures import KeptTrace, KeptTraces


def layout(view: View) -> Component:
    """Return the filled page."""
    return html.Div(
        [
            html.Div([html.H1("Kept traces"), html.Div(_tools(), className="page-tools")], className="page-head"),
            html.Div(listed(view.reader.read_kept()), id="kept-list"),
            dcc.Store(id="kept-changed"),
        ],
        className="errors-page",
    )


def _tools() -> list[Component]:
    return [link("Errors", "/errors", className="button")]


def listed(found: KeptTraces) -> list[Component]:
    """Return the traces below a line that says what they take."""
    if not found.traces:
        return [empty("No trace is kept", "Keep… on a trace or an error copies it, so that it outlives retention.")]
    traces = f"{count(found.total)} trace{'s' * (found.total != 1)}"
    said = f"{traces}, {size(found.bytes)} of at most {size(found.most_bytes)}. Retention does not delete them."
    rows = [html.Div(_row(each), className="kept-row", role="listitem") for each in found.traces]
    return [html.P(said, className="lead"), html.Div(rows, className="card", role="list")]


def _row(each: KeptTrace) -> list[Component]:
    call: list[Component | str] = [
        link(each.process, f"/trace/{each.trace_id}", className="link mono"),
        f" {duration(each.duration_ns)} ",
    ]
    if each.errors:
        call.append(badge(f"{count(each.errors)} failed", "err"))
    if each.exception:
        call.append(html.Div(each.exception, className="mono err-text"))
    calls = f"{count(each.spans)} call{'s' * (each.spans != 1)}, "
    kept: list[Component] = [html.Div(each.note, className="kept-note")] if each.note else []
    kept.append(html.Div(["kept ", when(each.kept_ns, date=True), f" by {each.kept_by}"], className="faint"))
    return [
        html.Div(call),
        html.Div([calls, when(each.start_ns, date=True)], className="muted"),
        html.Div(kept),
        keep_button(each.trace_id, "Remove…"),
    ]


def register(app: App) -> None:
    """Declare the callback of what was kept or removed meanwhile."""

    @app.callback(Output("kept-list", "children"), Input("kept-changed", "data"), prevent_initial_call=True)
    def refresh(_: Any) -> list[Component]:
        return listed(app.reader.read_kept())


PAGE = Page(path="/kept", title="Kept traces", layout=layout, register=register)
