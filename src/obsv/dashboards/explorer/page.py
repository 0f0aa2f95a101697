"""Trace explorer: calls and their values, filtered, live, with details.

The JSON API provides the grid's rows (`explorer.js`), in pages by key.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from obsv.dashboards.components import empty, grid, time_picker
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.choice import choice
from obsv.dashboards.components.hotkey import SEARCH
from obsv.dashboards.components.timepicker import watch_time_picker
from obsv.dashboards.explorer.drilldown import drilldown
from obsv.dashboards.page import App, Page, View
from obsv.errors import NotFound
from obsv.store.finding import Filters, order_named

DEBOUNCE_MS = 300
WIDGETS = (
    "explorer-q",
    "explorer-group",
    "explorer-process",
    "explorer-variable",
    "explorer-status-filter",
    "explorer-min",
    "explorer-max",
)
MOST_CHOICES = 100


def columns() -> list[dict[str, Any]]:
    """Return the seven canonical columns, with the duration beside the time."""

    def text(field: str, name: str, **more: Any) -> dict[str, Any]:
        return {
            "field": field,
            "headerName": name,
            "sortable": False,
            "cellClass": "mono",
            "tooltipField": field,
            **more,
        }

    unsorted = {"comparator": {"function": "keepOrder"}}
    local = {"function": "localTime(params.value)"}
    utc = {"function": "utcTime(params.value)"}
    status = {"status-err": "params.value == 'ERR'", "status-ok": "params.value == 'OK'"}
    first = {"function": "firstLine(params.value)"}
    return [
        text("process", "Process", flex=3, minWidth=146, cellClass="mono from-its-end", cellRenderer="FromItsEnd"),
        text("data", "Data", width=104),
        {"field": "data_type", "headerName": "Data Type", "width": 86, "sortable": False, "cellClass": "kind"},
        text("data_value", "Data Value", minWidth=128, flex=4),
        {
            **{"field": "ts", "headerName": "Timestamp", "width": 160, "cellClass": "num", **unsorted},
            **{"valueFormatter": local, "tooltipValueGetter": utc, "sortingOrder": ["desc", "asc"]},
        },
        {
            **{
                "field": "duration_ns",
                "headerName": "Duration",
                "width": 92,
                "sortingOrder": ["desc", None],
                **unsorted,
            },
            **{"valueFormatter": {"function": "shortDuration(params.value)"}},
            **{"cellClass": "num right", "headerClass": "right"},
        },
        {"field": "status", "headerName": "Status", "width": 68, "sortable": False, "cellClassRules": status},
        text("exception", "Exception", flex=3, minWidth=128, valueFormatter=first, cellClass="mono err-text"),
    ]


def layout(view: View) -> Component:
    """Return the page for the address's filters.

    Raises:
        InvalidQuery: a filter cannot be parsed.
    """
    filters, window = Filters.parse(view.query), view.window()
    order_named(view.query.get("sort") or "-ts")
    rows = grid(
        "explorer-grid",
        columns(),
        label="Calls and their values",
        options={
            "rowClassRules": {
                "call-rest": "!params.data.first",
                "call-err": "params.data.status == 'ERR'",
                "call-new": "params.data.fresh",
            },
            "rowBuffer": 20,
            "suppressNoRowsOverlay": True,
        },
        getRowId="params.data.key",
    )
    return html.Div(
        [
            html.Div([html.H1("Explorer"), _tools(view, window)], className="page-head"),
            _filters(view, filters),
            html.Div(
                [rows, html.Div(id="explorer-overlay", className="grid-overlay", hidden=True)],
                className="card explorer-rows",
            ),
            html.Footer(
                [html.Span(id="explorer-status", role="status"), html.Span(id="explorer-live-note", role="status")],
                className="explorer-foot",
            ),
            _drawer(_detail(view)),
            dcc.Store(id="explorer-loaded"),
            dcc.Store(id="explorer-call", data=_call(view.query.get("call"))),
        ],
        className="explorer",
    )


def _tools(view: View, window: Any) -> Component:
    live = view.query.get("live") == "1"
    button = html.Button(
        [html.I(className="icon icon-play", **aria(hidden=True)), html.Span("Live")],
        id="explorer-live",
        className="button live",
        title="Show new calls as they arrive (l)",
        **aria(pressed=live),
    )
    summary = html.Summary(
        [html.I(className="icon icon-download", **aria(hidden=True)), "Export"],
        className="button",
        id="explorer-export",
    )
    kinds = [
        html.Button(label, id=f"explorer-export-{form}", n_clicks=0, className="menu-item")
        for form, label in (("csv", "CSV"), ("jsonl", "JSON Lines"))
    ]
    note = html.P("The first 10,000 filtered rows", className="faint")
    exports = html.Details([summary, html.Div([note, *kinds], className="menu-items")], className="menu")
    return html.Div([time_picker("explorer-time", window, now_ns=view.now_ns), button, exports], className="page-tools")


def _filters(view: View, filters: Filters) -> Component:
    search = dmc.TextInput(
        id="explorer-q",
        value=filters.search or "",
        placeholder="Search values and exceptions",
        debounce=DEBOUNCE_MS,
        size="xs",
        leftSection=html.I(className="icon icon-search"),
        rightSection=html.Kbd("/"),
        className="search",
        **SEARCH,
        **aria(label="Search values and exceptions"),
    )
    names = {
        "group": (filters.group, view.reader.read_groups(limit=MOST_CHOICES)),
        "process": (filters.process, view.reader.read_processes(group=filters.group, limit=MOST_CHOICES)),
        "variable": (filters.variable, view.reader.read_variables(process=filters.process, limit=MOST_CHOICES)),
    }
    selects = [_select(name, value, given) for name, (value, given) in names.items()]
    statuses = (("", "All"), ("OK", "OK"), ("ERR", "ERR"))
    status = choice("explorer-status-filter", statuses, filters.status or "", "Status")
    limits = [
        dmc.NumberInput(
            id=f"explorer-{name}",
            value=(ns / 1e6 if ns is not None else ""),
            placeholder=label,
            debounce=DEBOUNCE_MS,
            min=0,
            size="xs",
            hideControls=True,
            suffix=" ms",
            className="limit",
            **aria(label=label),
        )
        for name, label, ns in (("min", "≥ ms", filters.min_ns), ("max", "≤ ms", filters.max_ns))
    ]
    clear = html.Button([html.I(className="icon icon-close"), "Clear"], id="explorer-clear", className="button quiet")
    return html.Div([search, *selects, status, *limits, clear], className="filters", role="search")


def _select(name: str, value: str | None, given: list[str]) -> Component:
    select: Component = dmc.Select(
        id=f"explorer-{name}",
        data=given if value is None or value in given else [value, *given],
        value=value,
        placeholder=name.capitalize(),
        searchable=True,
        clearable=True,
        limit=100,
        size="xs",
        nothingFoundMessage="none",
        comboboxProps={"width": 360 if name == "process" else 220, "position": "bottom-start"},
        className=f"select-{name}",
        **aria(label=name.capitalize()),
    )
    return select


def _detail(view: View) -> Component | None:
    """Return the call named by the address: shown with the page, before the grid has loaded."""
    call = _call(view.query.get("call"))
    if call is None:
        return None
    try:
        return drilldown(view.reader.read_detail(call["trace_id"], call["span_id"]))
    except NotFound as error:
        return empty("No such call", str(error))


def _drawer(detail: Component | None) -> Component:
    drawer: Component = dmc.Drawer(
        html.Div(detail, id="explorer-detail"),
        id="explorer-drawer",
        opened=detail is not None,
        position="right",
        size="min(1180px, 80vw)",
        withOverlay=False,
        lockScroll=False,
        trapFocus=False,
        closeOnClickOutside=False,
        # shell/keyboard.js closes one thing at a time.
        closeOnEscape=False,
        withCloseButton=True,
        keepMounted=False,
        padding=0,
        className="drawer",
        closeButtonProps={"data-close": "true", "aria-label": "Close"},
        title=html.Span("Call", className="visually-hidden"),
    )
    return drawer


def _call(token: str | None) -> dict[str, str] | None:
    trace_id, _, span_id = (token or "").partition(".")
    return {"trace_id": trace_id, "span_id": span_id} if trace_id and span_id else None


def register(app: App) -> None:
    """Declare the callbacks: filters to rows in the browser, details on the server."""
    watch_time_picker(app, "explorer-time")
    app.clientside(
        "explorerLoad",
        Output("explorer-loaded", "data"),
        *(Input(id, "value") for id in WIDGETS),
        Input("explorer-time-window", "data"),
    )
    values = [Output(id, "value") for id in WIDGETS]
    app.clientside("explorerClear", *values, Input("explorer-clear", "n_clicks"), prevent_initial_call=True)
    _once(app, "explorerLive", Output("explorer-live", "aria-pressed"), Input("explorer-live", "n_clicks"))
    _once(app, "explorerTail", Output("explorer-live", "data-last"), Input("pulse", "data"))
    for form in ("csv", "jsonl"):
        item = f"explorer-export-{form}"
        _once(app, f"explorerExport{form.capitalize()}", Output(item, "data-done"), Input(item, "n_clicks"))
    for name, parent in (("process", "group"), ("variable", "process")):
        chosen = f"explorer-{name}"
        app.clientside(
            f"explorer{name.capitalize()}{'es' if name == 'process' else 's'}",
            Output(chosen, "data"),
            Input(chosen, "searchValue"),
            Input(f"explorer-{parent}", "value"),
            State(chosen, "value"),
            prevent_initial_call=True,
        )
    opened = Output("explorer-call", "data", allow_duplicate=True)
    _once(app, "explorerOpen", opened, Input("explorer-grid-open", "data"))
    _once(app, "explorerClosed", Output("explorer-drawer", "data-closed"), Input("explorer-drawer", "opened"))

    @app.callback(
        Output("explorer-detail", "children"),
        Output("explorer-drawer", "opened"),
        Input("explorer-call", "data"),
        prevent_initial_call=True,
    )
    def show(call: dict[str, str] | None) -> tuple[Component, bool]:
        if not call:
            raise PreventUpdate
        return drilldown(app.reader.read_detail(call["trace_id"], call["span_id"])), True


def _once(app: App, function: str, output: Output, input: Input) -> None:
    app.clientside(function, output, input, prevent_initial_call=True)


PAGE = Page(
    path="/explorer",
    title="Explorer",
    layout=layout,
    register=register,
    icon="explorer",
    key="e",
    libraries=("dash_ag_grid",),
    subject="process",
)
