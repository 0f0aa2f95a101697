"""Registry: models, configurations and data that decisions were made with."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.clock import size, when
from obsv.dashboards.components import badge, button_link, card, empty, link
from obsv.dashboards.components.framed_table import framed_table
from obsv.dashboards.controls.options import option, options
from obsv.dashboards.page import App, Page, View
from obsv.dashboards.registry.shown import DIGITS, artifact_link, author, commit
from obsv.store.figures import Artifact

LISTED = 200
_COLUMNS = ("Name", "Kind", "Registered", "Size", "By", "Commit", "Why")


def layout(view: View) -> Component:
    """Return the filled page."""
    kind, name = view.query.get("kind"), view.query.get("name")
    found = view.reader.list_artifacts(kind, name, LISTED)
    tools = [button_link("Compare", "/registry/compare"), button_link("Decisions", "/decisions")]
    parts: list[Component] = [
        html.Div([html.H1("Registry"), html.Div(tools, className="page-tools")], className="page-head")
    ]
    parts += _choices(view, kind, name)
    return html.Div([*parts, _list(found, kind, name)], className="registry-page")


def _choices(view: View, kind: str | None, name: str | None) -> list[Component]:
    kinds = sorted({each.kind for each in view.reader.list_artifacts(limit=1_000)} | ({kind} if kind else set()))
    groups = []
    if len(kinds) > 1:
        found = [option("All kinds", "/registry", {"name": name}, not kind)]
        found += [option(each, "/registry", {"kind": each, "name": name}, each == kind) for each in kinds[:8]]
        groups.append(options("Kind", found))
    if name:
        groups.append(options("Name", [option(f"{name} ×", "/registry", {"kind": kind}, True)]))
    return [html.Div(groups, className="registry-choices")] if groups else []


def _list(found: list[Artifact], kind: str | None, name: str | None) -> Component:
    if not found:
        if kind or name:
            none = empty("No such artifacts", "Choose another kind or name.", link("All artifacts", "/registry"))
            return card("Artifacts", none)
        text = "obsv.register(kind, path) registers a model, a configuration or data by the SHA-256 of its bytes."
        return card("Artifacts", empty("Nothing registered", text))
    rows = [
        [
            html.Div([artifact_link(each.artifact_id, each.name), _digits(each)], className="registry-name"),
            badge(each.kind[:40]),
            when(each.at_ns, date=True),
            size(each.size),
            author(each),
            commit(each),
            html.Span(each.why, className="muted registry-why"),
        ]
        for each in found
    ]
    more = f"the latest {LISTED}" if len(found) == LISTED else f"{len(found)}"
    return card("Artifacts", framed_table(_COLUMNS, rows, "Table of artifacts", wide=True), actions=more, flush=True)


def _digits(each: Artifact) -> Component:
    return html.Div(each.artifact_id[:DIGITS], className="faint mono")


def register(app: App) -> None:
    """It has no callbacks: each choice is a link."""


PAGE = Page(
    path="/registry", title="Registry", layout=layout, register=register, icon="registry", key="y", needs_data=False
)
