"""Flow: the call graph, and the paths of values."""

from typing import Any

import dash_cytoscape as cyto
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.analysis.flow_graph import draw
from obsv.analysis.lineage import lineage
from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.choice import choice
from obsv.dashboards.controls.hotkey import SEARCH
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.flow.elements import of_graph, of_lineage
from obsv.dashboards.flow.style import flow_style
from obsv.dashboards.page import App, Page, View
from obsv.nouns import counted
from obsv.store.ground import Window
from obsv.store.seam import Store

MODES = (("calls", "Calls"), ("lineage", "Data lineage"))


def layout(view: View) -> Component:
    """Return the page.

    Raises:
        InvalidQuery: the time window cannot be parsed.
    """
    window = view.window()
    asked: dict[str, Any] = {
        "mode": "lineage" if view.query.get("mode") == "lineage" else "calls",
        "trace": view.query.get("trace") or None,
        "folded": _folded(view.query.get("folded")),
    }
    first = look(view.reader, window, asked, view.now_ns)
    return html.Div(
        [
            html.Div([html.H1("Flow"), _tools(asked["mode"]), time_picker("flow-time", window, now_ns=view.now_ns)],
                     className="page-head"),
            html.Div([_graph(), *_beside()], className="card flow-card"),
            dcc.Store(id="flow-asked", data=asked),
            dcc.Store(id="flow-tick"),
            dcc.Store(id="flow-look", data=first),
            dcc.Store(id="flow-drawn"),
        ],
        className="flow-page",
    )  # fmt: skip


def _folded(text: str | None) -> list[str] | None:
    """Return the folded groups of the address; None if it does not say."""
    return None if text is None else [name for name in text.split("|") if name]


def look(reader: Store, window: Window, asked: dict[str, Any], now_ns: int) -> dict[str, Any]:
    """Return what to draw.

    Args:
        reader: reader of the store.
        window: the time window.
        asked: `mode` ("calls" or "lineage"), `trace` (limits lineage to this trace), `folded` (groups, or None).
        now_ns: Unix time.

    Returns:
        `elements`, a `note` about them, and `key`: while it stays the same, positions do too.
    """
    if asked["mode"] == "lineage":
        return _lineage(reader, window, asked)
    flow = reader.read_flow(window)
    graph = draw(flow, now_ns, asked["folded"])
    folded = [box.id for box in graph.boxes if box.kind == "folded"]
    busy = sum(1 for node in flow.nodes if node.calls)
    note = f"{busy:,} of {counted(len(flow.nodes), 'function')} called in this period"
    if flow.left_out:
        note += f"; {flow.left_out:,} more are not drawn"
    elements = of_graph(graph, now_ns, window.query())
    return {"elements": elements, "note": note, "key": f"calls {folded}", "folded": folded, "groups": graph.groups}


def _lineage(reader: Store, window: Window, asked: dict[str, Any]) -> dict[str, Any]:
    found = reader.valued_calls(window, asked["trace"])
    handovers = lineage(found, bool(asked["trace"]))
    where = "of this trace" if asked["trace"] else "of this period"
    first = "first" if asked["trace"] else "latest"
    scope = (
        f"the {first} {counted(len(found.calls), 'call')} {where}"
        if found.cut
        else f"all {counted(len(found.calls), 'call')} {where}"
    )
    note = f"{counted(len(handovers), 'value')} passed from an output to an input, in {scope}"
    return {"elements": of_lineage(found, handovers), "note": note, "key": "lineage", "folded": [], "groups": []}


def _tools(mode: str) -> Component:
    modes = choice("flow-mode", MODES, mode, "Graph")
    search = html.Div(
        dmc.TextInput(
            id="flow-find",
            placeholder="Find a function",
            debounce=300,
            size="xs",
            leftSection=html.I(className="icon icon-search"),
            rightSection=html.Kbd("/"),
            **aria(label="Find a function"),
        ),
        className="flow-find",
        **SEARCH,
    )
    return html.Div([modes, search], className="page-tools flow-tools")


def _graph() -> Component:
    graph = cyto.Cytoscape(
        id="flow-graph",
        elements=[],
        layout={"name": "preset", "fit": True, "padding": 40},
        stylesheet=flow_style("dark"),
        autoRefreshLayout=False,
        boxSelectionEnabled=False,
        minZoom=0.1,
        maxZoom=2.5,
        style={"width": "100%", "height": "100%"},
    )
    return html.Div(graph, id="flow-canvas", className="flow-canvas", role="img", **aria(label="Graph"))


def _beside() -> list[Component]:
    buttons = [
        html.Button(html.I(className="icon icon-plus"), id="flow-in", className="icon-button", title="Closer (+)",
                    **aria(label="Closer")),
        html.Button(html.I(className="icon icon-minus"), id="flow-out", className="icon-button", title="Farther (-)",
                    **aria(label="Farther")),
        html.Button(html.I(className="icon icon-fit"), id="flow-fit", className="icon-button", title="Fit all (0)",
                    **aria(label="Fit all")),
    ]  # fmt: skip
    groups = [
        html.Button("Fold groups", id="flow-fold", className="button"),
        html.Button("Unfold", id="flow-unfold", className="button"),
    ]
    return [
        html.Div(id="flow-empty", className="grid-overlay", hidden=True),
        html.Div(id="flow-tip", className="flow-tip", role="tooltip", hidden=True),
        html.Div(groups, className="flow-groups", id="flow-groups"),
        html.Div(buttons, className="flow-zoom"),
        html.Div([_legend(), html.Span(id="flow-note", role="status")], className="flow-foot"),
        html.Ul(id="flow-list", className="flow-list", **aria(label="Functions")),
    ]


def _legend() -> Component:
    entries = (
        ("square", "function"),
        ("round", "feed"),
        ("arrow", "wider: more calls"),
        ("arrow red", "redder: more errors"),
        ("arrow stale", "silent feed"),
        ("idle", "not called in this period"),
    )
    marks = [html.Span([html.I(className=f"key key-{kind}"), text]) for kind, text in entries]
    return html.Div(marks, className="flow-legend", id="flow-legend")


def register(app: App) -> None:
    """Declare the callbacks."""
    watch_time_picker(app, "flow-time")

    @app.callback(
        Output("flow-look", "data"),
        Input("flow-asked", "data"),
        Input("flow-time-window", "data"),
        Input("flow-tick", "data"),
        prevent_initial_call=True,
    )
    def draw_again(asked: dict[str, Any], window: dict[str, str], _: Any) -> dict[str, Any]:
        now_ns = app.now_ns()
        return look(app.reader, Window.parse(window, now_ns), asked, now_ns)

    @app.callback(Output("flow-graph", "stylesheet"), Input("theme", "data"))
    def dress(theme: str | None) -> list[dict[str, Any]]:
        return flow_style("light" if theme == "light" else "dark")

    app.clientside("flowDraw", Output("flow-graph", "elements"), Input("flow-look", "data"))
    app.clientside("flowTick", Output("flow-tick", "data"), Input("pulse", "data"), prevent_initial_call=True)
    app.clientside("flowFind", Output("flow-find", "error"), Input("flow-find", "value"), prevent_initial_call=True)
    app.clientside(
        "flowMode", Output("flow-asked", "data"), Input("flow-mode", "value"), State("flow-asked", "data"),
        prevent_initial_call=True,
    )  # fmt: skip


PAGE = Page(
    path="/flow",
    title="Flow",
    layout=layout,
    register=register,
    icon="flow",
    key="f",
    libraries=("dash_cytoscape",),
)
