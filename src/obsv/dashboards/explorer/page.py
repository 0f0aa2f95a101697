"""Trace explorer: calls and their values, filtered, live, with details.

The JSON API provides the grid's rows (`explorer.js`), in pages by key.
"""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from obsv.dashboards.charts import chart
from obsv.dashboards.components import empty
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.values import exact_texts
from obsv.dashboards.controls import grid, time_picker
from obsv.dashboards.controls.choice import choice
from obsv.dashboards.controls.filters import (
    DEBOUNCE_MS,
    MOST_CHOICES,
    live_button,
    name_choice,
    search_box,
)
from obsv.dashboards.controls.share import share_button
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.explorer.columns import call_columns, value_columns
from obsv.dashboards.explorer.drilldown import drilldown
from obsv.dashboards.explorer.traffic import traffic
from obsv.dashboards.page import App, Page, View
from obsv.errors import InvalidQuery, NotFound, StoreError
from obsv.store.finding import EVERY_SPAN, ORIGINS, RESOURCE, Field, Filters, order_named, quoted
from obsv.store.ground import Window
from obsv.store.seam import Store

WIDGETS = (
    "explorer-q",
    "explorer-group",
    "explorer-process",
    "explorer-variable",
    "explorer-status-filter",
    "explorer-min",
    "explorer-max",
    *(f"explorer-{name}" for name in ORIGINS),
)
MOST_COLUMNS = 12


def layout(view: View) -> Component:
    """Return the page for the address's filters.

    Raises:
        InvalidQuery: a filter cannot be parsed.
    """
    # The query is read where the rows are: one without meaning can be mended in its box.
    filters, window = Filters.parse({**view.query, "where": ""}), view.window()
    order_named(view.query.get("sort") or "-ts")
    by_call = view.query.get("rows") == "calls"
    rows = grid(
        "explorer-grid",
        call_columns(_columns(view)) if by_call else value_columns(),
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
            html.Div(_traffic(view, window), className="card explorer-traffic"),
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
    button = live_button("explorer-live", view.query.get("live") == "1", "Show new calls as they arrive (l)")
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
    modes = (("values", "Values"), ("calls", "Calls"))
    mode = choice("explorer-rows", modes, "calls" if view.query.get("rows") == "calls" else "values", "A row for each")
    picker = time_picker("explorer-time", window, now_ns=view.now_ns)
    return html.Div([picker, mode, button, exports, share_button(preset="1h")], className="page-tools")


def _columns(view: View) -> list[str]:
    """Return the names of the values that have a column of their own."""
    return [name for name in (view.query.get("columns") or "").split(",") if name][:MOST_COLUMNS]


def _traffic(view: View, window: Window) -> Component:
    label = "Calls and failed calls over time; drag over a part to choose it"
    try:
        figure = traffic(view.reader.read_call_series(Filters.parse(view.query), window))
    except (InvalidQuery, StoreError):
        figure = traffic(None)
    return chart(figure, id="explorer-chart", height=100, label=label)


def _filters(view: View, filters: Filters) -> Component:
    search = search_box(
        "explorer-q",
        view.query.get("where") or (quoted(filters.search) if filters.search else ""),
        "price>10 rate=None status:ERR, or any text",
        "Query: conditions, or a text in values and exceptions",
    )
    names = {
        "group": (filters.group, view.reader.read_groups(limit=MOST_CHOICES)),
        "process": (filters.process, view.reader.read_processes(group=filters.group, limit=MOST_CHOICES)),
        "variable": (filters.variable, view.reader.read_variables(process=filters.process, limit=MOST_CHOICES)),
    }
    selects = [_select(name, value, given) for name, (value, given) in names.items()]
    selects += [_origin(view.reader, name, getattr(filters, name)) for name in ORIGINS]
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
    columns = dmc.MultiSelect(
        id="explorer-columns",
        data=list(dict.fromkeys([*_columns(view), *names["variable"][1]])),
        value=_columns(view),
        placeholder="Columns",
        searchable=True,
        clearable=True,
        maxValues=MOST_COLUMNS,
        size="xs",
        className="select-columns" if view.query.get("rows") == "calls" else "select-columns hidden",
        **aria(label="Values with a column of their own"),
    )
    clear = html.Button([html.I(className="icon icon-close"), "Clear"], id="explorer-clear", className="button quiet")
    return html.Div([search, *selects, status, *limits, columns, clear], className="filters", role="search")


def _origin(reader: Store, name: str, value: str | None) -> Component:
    """Return the choice of a service, host or instance; hidden where there is only one."""
    found = reader.tag_values(Field(RESOURCE, ORIGINS[name]), EVERY_SPAN, MOST_CHOICES)
    given = list(dict.fromkeys(each.value for each in found))
    return _select(name, value, given, hidden=value is None and len(given) < 2)


def _select(name: str, value: str | None, given: list[str], hidden: bool = False) -> Component:
    width = 360 if name == "process" else 220
    css = f"select-{name} hidden" if hidden else f"select-{name}"
    return name_choice(f"explorer-{name}", value, given, name.capitalize(), className=css, width=width)


def _detail(view: View) -> Component | None:
    """Return the call named by the address: shown with the page, before the grid has loaded."""
    call = _call(view.query.get("call"))
    if call is None:
        return None
    try:
        return _drilldown(view.reader, call)
    except NotFound as error:
        return empty("No such call", str(error))


def _drilldown(reader: Store, call: dict[str, str]) -> Component:
    found = reader.read_detail(call["trace_id"], call["span_id"])
    failed = found.call.status == "ERR"
    exact = exact_texts(reader, reader.read_call(call["trace_id"], call["span_id"])) if failed else None
    return drilldown(found, exact)


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
    app.clientside(
        "explorerShape",
        Output("explorer-grid", "data-shape"),
        Input("explorer-rows", "value"),
        Input("explorer-columns", "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("explorer-chart", "figure"),
        Input("explorer-loaded", "data"),
        *(State(id, "value") for id in WIDGETS),
        State("explorer-time-window", "data"),
        prevent_initial_call=True,
    )
    def count(_: Any, *given: Any) -> Any:
        *filters, window = given
        names = ("where", "group", "process", "variable", "status", "min_ms", "max_ms", *ORIGINS)
        query = {name: str(value) for name, value in zip(names, filters, strict=True) if value not in (None, "")}
        try:
            return traffic(app.reader.read_call_series(Filters.parse(query), Window.parse(window, app.now_ns())))
        except (InvalidQuery, StoreError):
            return traffic(None)

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
        return _drilldown(app.reader, call), True


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
