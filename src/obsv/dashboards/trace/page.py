"""Trace: all spans of one request, as a tree with a time bar in each row.

The page requests the trace from the API and draws it in the browser (trace.js and its neighbours): 50,000 spans are one
response of 3 MB, and folding, zooming and scrolling need no server.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from obsv.dashboards.components import link
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.link import address
from obsv.dashboards.components.metric_lines import read_beside
from obsv.dashboards.components.values import exact_texts
from obsv.dashboards.controls import grid
from obsv.dashboards.controls.hotkey import SEARCH
from obsv.dashboards.controls.share import keep_button, share_button
from obsv.dashboards.page import App, Page, View
from obsv.dashboards.trace.panel import MOST_EVENTS, span_panel
from obsv.store.figures import LogFilters
from obsv.store.ground import Window
from obsv.times import MAX_NS

EVER = Window(0, MAX_NS)
FIXED = {"sortable": False, "resizable": False}
COLUMNS: list[dict[str, Any]] = [
    {"colId": "span", "headerName": "Span", "cellRenderer": "TraceName", "flex": 4, "minWidth": 160,
     "sortable": False},
    {"colId": "values", "headerName": "Values", "cellRenderer": "TraceValues", "flex": 2.6, "hide": True, **FIXED},
    {"colId": "time", "headerName": "Time", "headerComponent": "TraceAxis", "cellRenderer": "TraceBar", "flex": 7,
     "minWidth": 96, **FIXED},
    {"colId": "self", "headerName": "Self", "valueGetter": {"function": "traceSelf(params)"},
     "cellClassRules": {"faint": "traceIsShort(params)"}, "width": 74, "type": "rightAligned", **FIXED,
     "headerTooltip": "Time during which none of its callees ran"},
    {"colId": "took", "headerName": "Took", "valueGetter": {"function": "traceTook(params)"}, "width": 82,
     "type": "rightAligned", **FIXED},
]  # fmt: skip
OPTIONS = {"rowHeight": 28, "headerHeight": 32, "suppressScrollOnNewData": True, "enableCellTextSelection": False}


def layout(view: View) -> Component:
    """Return the page, empty except for its frame.

    Raises:
        NotFound: there is no such trace.
    """
    trace_id = view.reader.known_trace(view.path["trace_id"])
    about = {"trace_id": trace_id, "span": view.query.get("span", ""), "q": view.query.get("q", "")}
    panel = html.Aside(id="trace-panel", className="panel", **aria(label="Span"))
    body = html.Div([_tree(), _flame(), panel], id="trace-body", className="trace-body loading")
    return html.Div(
        [
            dcc.Store(id="trace-about", data=about),
            dcc.Store(id="trace-loaded"),
            _head(trace_id),
            _tools(about["q"]),
            _map(),
            html.Div(id="trace-state", className="state state-err", role="alert", hidden=True),
            body,
        ],
        className="trace-page",
    )


def _head(trace_id: str) -> Component:
    copies = [
        html.Button("Copy Markdown", id="trace-copy-markdown", className="button", title="For an issue or a chat"),
        html.Button("Copy OTLP", id="trace-copy-otlp", className="button", title="As OTLP JSON"),
        _download(trace_id, "markdown", "md", "Markdown"),
        _download(trace_id, "otlp", "json", "OTLP JSON"),
    ]
    lineage = link("Data lineage", "/flow", {"mode": "lineage", "trace": trace_id}, className="button")
    return html.Header(
        [
            html.Div(
                [
                    html.Div(id="trace-title", className="trace-title"),
                    html.Div(id="trace-facts", className="trace-facts"),
                ]
            ),
            html.Div([share_button(trace_id), keep_button(trace_id), lineage, *copies], className="page-actions"),
        ],
        className="trace-head",
    )


def _download(trace_id: str, format: str, suffix: str, name: str) -> Component:
    return html.A(
        [html.I(className="icon icon-download", **aria(hidden=True)), f".{suffix}"],
        href=address(f"/api/v1/traces/{trace_id}/{format}"),
        download=f"trace-{trace_id}.{suffix}",
        className="button",
        title=f"Download as {name}",
    )


def _tools(query: str) -> Component:
    search = html.Div(
        dmc.TextInput(
            id="trace-search",
            value=query,
            placeholder="Search names, values, exceptions",
            debounce=300,
            size="xs",
            leftSection=html.I(className="icon icon-search"),
            **aria(label="Search in this trace"),
        ),
        className="trace-search",
        **SEARCH,
    )
    hits = [
        html.Span(id="trace-found", className="trace-found num", role="status"),
        _icon_button("trace-previous", "up", "Previous hit (N)"),
        _icon_button("trace-next", "down", "Next hit (n)"),
    ]
    views = [
        html.Button(
            [html.I(className="dot"), html.Span("errors")], id="trace-error", className="button button-err",
            title="Where it began: next failed span (e)", hidden=True,
        ),
        html.Button("Critical path only", id="trace-only-path", className="button", **aria(pressed=False)),
        html.Button("Fold", id="trace-fold", className="button", title="Fold all"),
        html.Button("Unfold", id="trace-unfold", className="button", title="Unfold all"),
        html.Button("Zoom out", id="trace-zoom-out", className="button of-waterfall", hidden=True),
        html.Button("Flame graph", id="trace-flame-switch", className="button", title="Flame graph or waterfall (f)",
                    **aria(pressed=False)),
        html.Button("Zoom in", id="trace-flame-in", className="button of-flame", title="Zoom into the call (z)"),
        html.Button("Zoom out", id="trace-flame-out", className="button of-flame", title="To its caller (Z), all (0)"),
    ]  # fmt: skip
    return html.Div(
        [search, html.Div(hits, className="trace-hits"), *views, html.Div(id="trace-legend", className="trace-legend")],
        className="trace-tools",
    )


def _icon_button(id: str, icon: str, title: str) -> Component:
    return html.Button(
        html.I(className=f"icon icon-{icon}"), id=id, className="icon-button", title=title, **aria(label=title)
    )


def _map() -> Component:
    parts = [html.Canvas(id="trace-map-canvas"), html.Div(id="trace-map-window", hidden=True)]
    return html.Div(parts, id="trace-map", title="Drag to zoom, double-click to zoom out", **aria(hidden=True))


def _tree() -> Component:
    return grid("trace-grid", COLUMNS, label="Spans", options=OPTIONS, rowData=[], getRowId="params.data.i.toString()")


def _flame() -> Component:
    keys = "Flame graph: arrow keys choose a call, Enter opens it, z zooms in and 0 out"
    drawn = html.Div(html.Canvas(id="trace-flame-canvas"), id="trace-flame-room")
    graph = html.Div(drawn, id="trace-flame", tabIndex=0, role="application", **aria(label=keys))
    said = html.P(id="trace-flame-said", className="ellipsis", role="status")
    return html.Div([graph, said], className="trace-flame")


def register(app: App) -> None:
    """Declare the callbacks."""
    app.clientside("traceLoad", Output("trace-loaded", "data"), Input("trace-about", "data"))
    later: Any = {"prevent_initial_call": True}
    app.clientside("traceState", Output("trace-state", "title"), Input("trace-loaded", "data"), **later)
    app.clientside("traceSearch", Output("trace-found", "title"), Input("trace-search", "value"), **later)
    app.clientside("tracePanel", Output("trace-panel", "title"), Input("trace-grid-open", "data"), **later)

    @app.callback(
        Output("trace-panel", "children"),
        Input("trace-grid-open", "data"),
        State("trace-about", "data"),
        prevent_initial_call=True,
    )
    def open_span(opened: dict[str, Any] | None, about: dict[str, str]) -> Any:
        if not opened:
            return no_update
        trace_id, span_id = about["trace_id"], opened["row"]["id"]
        said = LogFilters(trace_id=trace_id, span_id=span_id)
        call, logs = app.reader.read_call(trace_id, span_id), app.reader.read_logs(said, EVER, limit=MOST_EVENTS)
        metrics = read_beside(app.reader, call.service, call.start_ns, call.start_ns + call.duration_ns)
        return span_panel(call, logs, exact_texts(app.reader, call), metrics)


PAGE = Page(path="/trace/<trace_id>", title="Trace", layout=layout, register=register, libraries=("dash_ag_grid",))
