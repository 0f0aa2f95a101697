"""Errors: one row per cause, the latest first, with frequency over time, marking new and returned groups."""

from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.charts.milestones import milestone_links, milestone_ticks
from obsv.dashboards.clock import count, when
from obsv.dashboards.components import badge, button_link, empty
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.link import address
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.page import App, Page, View
from obsv.store.figures import ErrorGroup, ErrorGroups, Milestone
from obsv.store.ground import Window


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        InvalidQuery: the address's time range cannot be parsed.
    """
    window = view.window("6h")
    picker = time_picker("errors-time", window, now_ns=view.now_ns)
    tools = html.Div([picker, button_link("Kept traces", "/kept")], className="page-tools")
    return html.Div(
        [
            html.Div([html.H1("Errors"), tools], className="page-head"),
            html.Div(
                listed(view.reader.read_error_groups(window), window, view.reader.read_milestones(window)),
                id="errors-list",
            ),
        ],
        className="errors-page",
    )


def listed(found: ErrorGroups, window: Window, milestones: list[Milestone]) -> list[Component]:
    """Return the groups below a line with their number."""
    if not found.groups:
        return [empty("No errors in this period", "No recorded call failed.")]
    errors = f"{count(found.errors)} error{'s' * (found.errors != 1)}"
    said = f"{errors} of {count(found.total)} cause{'s' * (found.total != 1)}, each counted once, where it originated."
    here = window.query()
    ticks = milestone_ticks(milestones, window)
    rows = [html.Div(group_row(group, here, ticks), role="listitem") for group in found.groups]
    return [
        html.P([said, *milestone_links(milestones)], className="lead"),
        html.Div(rows, className="card error-groups", role="list"),
    ]


def group_row(group: ErrorGroup, here: dict[str, str], ticks: list[Component]) -> Component:
    """Return a group as a line that links to it."""
    about = [html.Span(group.process, className="mono ellipsis", title=group.process), *marks(group)]
    cells = [
        html.Div(
            [html.Span(group.title, className="mono ellipsis err-text", title=group.title), html.Div(about)],
            className="error-what",
        ),
        bars(group.series, ticks),
        html.Span(count(group.seen), className="error-count", title=f"{group.seen:,} in this period"),
        html.Span(["last ", when(group.last_ns)], className="error-when"),
    ]
    return dcc.Link(cells, href=address(f"/errors/{group.id}", here), className="error-group row-link")


def marks(group: ErrorGroup) -> list[Component]:
    """Return the marks of a group."""
    found = []
    if group.status != "open":
        found.append(badge(group.status, "ok" if group.status == "resolved" else "plain"))
    elif group.returned_ns:
        found.append(badge("came back", "stale", title="It was resolved, then happened again"))
    if group.is_new:
        found.append(badge("new", "accent", title="Its first error is in this period"))
    if not group.escaped:
        found.append(badge("caught", "plain", title="All of them were caught by a recorded call"))
    return found


def bars(series: tuple[int, ...], ticks: list[Component]) -> Component:
    """Return a small chart of counts, with marks of `milestone_ticks`."""
    most = max(series, default=0) or 1
    parts = [html.I(style={"height": f"{max(each and 8, round(100 * each / most))}%"}) for each in series]
    return html.Span([*parts, *ticks], className="error-bars", **aria(hidden=True))


def register(app: App) -> None:
    """Declare the callbacks: another window, and new data."""
    watch_time_picker(app, "errors-time")

    @app.callback(
        Output("errors-list", "children"),
        Input("errors-time-window", "data"),
        Input("pulse", "data"),
        prevent_initial_call=True,
    )
    def refresh(window: dict[str, str], _: Any) -> list[Component]:
        chosen = Window.parse(window, app.now_ns(), "6h")
        return listed(app.reader.read_error_groups(chosen), chosen, app.reader.read_milestones(chosen))


PAGE = Page(path="/errors", title="Errors", layout=layout, register=register, icon="failure", key="r")
