"""One report; each of its numbers opens the statement that it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components import badge, button_link, card, empty
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.link import address
from obsv.dashboards.page import App, Page, View
from obsv.errors import NotFound
from obsv.measures import file_beside, load
from obsv.reports import LENGTH_NS, REFERENCE, as_document, make_report
from obsv.times import iso

_COMMAND = re.compile("`([^`]+)`")
_Facts = Mapping[str, Mapping[str, Any]]


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        NotFound: there is no such report.
        CannotReport, InvalidMetrics: it cannot be made.
    """
    document, source = _document(view)
    facts: _Facts = document["facts"]
    tools = [button_link("All reports", "/reports"), html.A("JSON", href=source, className="button", target="_blank")]
    phrased = document["phrased_by"]
    return html.Div(
        [
            html.Div([html.H1(document["title"]), html.Div(tools, className="page-tools")], className="page-head"),
            html.Div(told(document["summary"], facts), className="report-summary"),
            html.P(f"Phrased by {phrased}; its numbers are references.", className="faint") if phrased else None,
            card("Insights", _insights(document["insights"], facts)),
            *(card(each["title"], _lines(each["lines"], facts)) for each in document["sections"]),
        ],
        className="report-page",
    )


def told(text: str, facts: _Facts) -> list[Any]:
    """Return a text with its references as numbers, each of which opens its statements."""
    shown: list[Any] = []
    # What stands between the references, and their keys, in turn.
    for at, each in enumerate(REFERENCE.split(text)):
        shown += [_fact(each.strip(), facts)] if at % 2 else _plain(each)
    return shown


def _plain(text: str) -> list[Any]:
    return [html.Code(part) if at % 2 else part for at, part in enumerate(_COMMAND.split(text))]


def _document(view: View) -> tuple[dict[str, Any], str]:
    """Return a kept report, or one that ends now, and where the API has it."""
    name = view.path["report"]
    if re.fullmatch(r"[0-9]{1,18}", name):
        return view.reader.read_report(int(name))[1], address(f"/api/v1/reports/{int(name)}")
    if name not in LENGTH_NS:
        raise NotFound(f"There is no report {name!r:.100}; there are daily and weekly ones, and those that are kept.")
    made = make_report(view.reader, load(file_beside(view.file)), name, view.now_ns)
    return as_document(made), address("/api/v1/report", {"kind": name, "until": f"{iso(view.now_ns)[:19]}Z"})


def _fact(key: str, facts: _Facts) -> Component:
    fact = facts.get(key)
    if fact is None:
        return html.Span("?", title=f"The report does not have {key}")
    statements = fact.get("sql") or ()
    if not statements:
        return html.B(fact["text"], title=fact["title"])
    opened = [html.B(fact["title"]), *(html.Pre(html.Code(each), tabIndex=0) for each in statements)]
    number = html.Summary(fact["text"], title=f"{fact['title']}: show where it comes from")
    return html.Details([number, html.Div(opened, className="report-source")], className="report-fact")


def _insights(found: list[dict[str, Any]], facts: _Facts) -> Component:
    if not found:
        return empty("Nothing found", "No rule found anything that deserves a look.")
    rows = [
        html.Li([badge("look" if each["is_bad"] else "note", "err" if each["is_bad"] else "plain"), " ",
                 *told(each["text"], facts)], className="bad" if each["is_bad"] else None)
        for each in found
    ]  # fmt: skip
    return html.Ul(rows, className="report-lines", **aria(label="Insights"))


def _lines(lines: list[str], facts: _Facts) -> Component:
    return html.Ul([html.Li(told(each, facts)) for each in lines], className="report-lines")


def register(app: App) -> None:
    """It has no callbacks."""


PAGE = Page(path="/reports/<report>", title="Report", layout=layout, register=register, needs_data=False)
