"""Reports: those that were made on a schedule, and the way to one of now."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.clock import local, when
from obsv.dashboards.components import badge, button_link, card, empty, link
from obsv.dashboards.components.framed_table import framed_table
from obsv.dashboards.page import App, Page, View
from obsv.store.figures import ReportLine

LISTED = 100


def layout(view: View) -> Component:
    """Return the filled page."""
    found = view.reader.list_reports(LISTED)
    tools = [
        button_link("Last 24 hours", "/reports/daily"),
        button_link("Last 7 days", "/reports/weekly"),
        button_link("Decisions", "/decisions"),
    ]
    head = html.Div([html.H1("Reports"), html.Div(tools, className="page-tools")], className="page-head")
    return html.Div([head, _list(found)], className="reports-page")


def _list(found: list[ReportLine]) -> Component:
    if not found:
        text = "reports.toml beside the database says when reports are made; the buttons above make one now."
        return card("Made on a schedule", empty("No report was made on a schedule", text))
    rows = [
        [
            link(_period(each), f"/reports/{each.id}"),
            badge(each.kind[:40]),
            when(each.made_ns, date=True),
            ", ".join(each.sent) or html.Span("nobody", className="faint"),
        ]
        for each in found
    ]
    more = f"the latest {LISTED}" if len(found) == LISTED else f"{len(found)}"
    table = framed_table(("Period", "Kind", "Made", "Sent to"), rows, "Table of reports")
    return card("Made on a schedule", table, actions=more, flush=True)


def _period(each: ReportLine) -> str:
    return f"{local(each.start_ns):%Y-%m-%d %H:%M} – {local(each.end_ns):%Y-%m-%d %H:%M}"


def register(app: App) -> None:
    """It has no callbacks."""


PAGE = Page(
    path="/reports", title="Reports", layout=layout, register=register, icon="reports", key="b", needs_data=False
)
