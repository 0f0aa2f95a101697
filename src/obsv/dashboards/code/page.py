"""Code inspector: a function's source and its figures."""

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import count, duration, percent
from obsv.dashboards.code.report import function_report
from obsv.dashboards.components import card, empty, link
from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.function_select import function_select, watch_function_select
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.page import App, Page, View
from obsv.errors import NotFound
from obsv.nouns import counted
from obsv.store.figures import Busy, LogFilters
from obsv.store.ground import Window
from obsv.store.seam import Store

LISTED = 1_000
# Columns of the list, and whether a larger number comes first.
LIST = (("Function", False), ("Group", False), ("Calls", True), ("Errors", True), ("Mean", True), ("Longest", True))
LOGGED = 8


def layout(view: View) -> Component:
    """Return the page.

    Raises:
        InvalidQuery: the time window cannot be parsed.
    """
    window, name = view.window(), view.query.get("process")
    tools = html.Div(time_picker("code-time", window, now_ns=view.now_ns), className="page-tools")
    select = function_select("code-function", view.reader, name)
    return html.Div(
        [
            html.Div([html.H1("Code"), select, tools], className="page-head"),
            html.Div(body(view.reader, window, name, view.now_ns), id="code-body"),
            dcc.Store(id="code-chosen"),
        ],
        className="code-page",
    )


def body(reader: Store, window: Window, name: str | None, now_ns: int) -> list[Component]:
    """Return everything below the head.

    Args:
        reader: reader of the store.
        window: the time window.
        name: the function; None lists the most called functions.
        now_ns: Unix time.
    """
    if not name:
        return [_list(reader.read_busiest(window, limit=LISTED), window)]
    try:
        found = reader.read_function(name, window)
    except NotFound as error:
        return [empty("No such function", str(error), link("All functions", "/code"))]
    milestones = [each for each in reader.read_milestones(window) if each.service in ("", *found.services)]
    lines = reader.read_logs(LogFilters(process=name), window, limit=LOGGED).lines
    return function_report(found, milestones, lines, now_ns)


def _list(functions: list[Busy], window: Window) -> Component:
    if not functions:
        return empty("No calls in this period", "Choose a longer period, or search for a function by name.")
    head = html.Tr([_heading(name, first, name == "Calls") for name, first in LIST])
    rows = [_busy(each, window) for each in functions]
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="functions function-list", id="code-list")
    search = dmc.TextInput(
        id="code-filter",
        placeholder="Name or group",
        size="xs",
        className="list-filter",
        **aria(label="Filter the list by name or group"),
    )
    count = html.Span(counted(len(functions), "function"), id="code-count", className="num", role="status")
    return card("Functions", html.Div(table, className="list-body"), actions=[search, count], flush=True)


def _heading(name: str, downwards: bool, is_first: bool) -> Component:
    told: dict[str, Any] = {"data-first": "descending" if downwards else "ascending"}
    order = aria(sort="descending") if is_first else {}
    return html.Th(html.Button(name, className="sort", title=f"Sort by {name.lower()}", **told), **order)


def _busy(each: Busy, window: Window) -> Component:
    failed = percent(each.errors / each.calls) if each.errors else "–"
    name = link(each.name, "/code", {"process": each.name, **window.query()}, className="mono ellipsis row-link",
                title=each.name)  # fmt: skip
    mean_ns = each.total_ns / each.calls
    cells = [html.Td(name, **_by(each.name)), html.Td(each.process_group, className="muted", **_by(each.process_group)),
             html.Td(count(each.calls), **_by(each.calls)),
             html.Td(failed, className="err-text" if each.errors else "faint", **_by(each.errors / each.calls)),
             html.Td(duration(mean_ns), **_by(mean_ns)),
             html.Td(duration(each.max_ns), **_by(each.max_ns))]  # fmt: skip
    return html.Tr(cells)


def _by(value: str | float) -> dict[str, Any]:
    """Return what code.js sorts a cell by."""
    return {"data-by": str(value)}


def register(app: App) -> None:
    """Declare the callbacks."""
    watch_time_picker(app, "code-time")
    watch_function_select(app, "code-function")
    app.clientside(
        "codeChosen", Output("code-chosen", "data"), Input("code-function", "value"), prevent_initial_call=True
    )

    @app.callback(
        Output("code-body", "children"),
        Input("code-time-window", "data"),
        State("code-function", "value"),
        prevent_initial_call=True,
    )
    def refresh(window: dict[str, str], name: str | None) -> list[Component]:
        now_ns = app.now_ns()
        return body(app.reader, Window.parse(window, now_ns), name, now_ns)


PAGE = Page(path="/code", title="Code", layout=layout, register=register, icon="code", key="c", subject="process")
