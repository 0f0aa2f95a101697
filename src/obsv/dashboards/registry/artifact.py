"""One artifact: what it is, what it was made of, who registered it, and whether its file is still the same."""

from __future__ import annotations

import json
from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import size, when
from obsv.dashboards.components import Kind, badge, button_link, card, empty, facts, link
from obsv.dashboards.components.framed_table import framed_table
from obsv.dashboards.page import App, Page, View
from obsv.dashboards.registry.lineage import lineage_graph
from obsv.dashboards.registry.shown import author, commit, value
from obsv.errors import ObsvError
from obsv.registry import MOST_ASKED, flat, verify
from obsv.store.figures import Artifact
from obsv.store.seam import Store

_OTHERS, _AUDITED, _VALUES = 12, 100, 300
_FORMS = {"bytes": "given as bytes", "json": "given as a mapping", "file": "a file", "directory": "a directory"}
_STATES: dict[str, tuple[str, Kind, str]] = {
    "same": ("unchanged", "ok", "The file has the bytes that were registered."),
    "changed": ("changed", "err", "The file has other bytes than those that were registered."),
    "missing": ("missing", "err", "There is no such file any more, or it cannot be read."),
    "elsewhere": (
        "elsewhere",
        "stale",
        "It was registered on another host, where `obsv registry verify` checks it.",
    ),
    "unkept": ("no file", "plain", "Its bytes were given to register; there is no file of them."),
    "large": ("not read", "stale", "It is above 1 GB; `obsv registry verify` reads it."),
}


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        NotFound: there is no such artifact.
        InvalidQuery: several IDs begin like this.
    """
    with view.reader.view() as store:
        found = store.read_registrations(view.path["artifact"], _AUDITED)
        latest = found[0]
        graph = store.read_lineage(latest.artifact_id)
        others = _others(store, latest)
    tools = [button_link("All artifacts", "/registry"), button_link("Decisions", "/decisions")]
    return html.Div(
        [
            html.Div([html.H1(latest.name), html.Div(tools, className="page-tools")], className="page-head"),
            card(None, _about(latest)),
            *_file(latest),
            card("Lineage", lineage_graph(graph, latest.artifact_id), actions="made of → used for", flush=True),
            *_content(latest),
            card("Compare with", _compare(latest, others), flush=bool(others)),
            card("Registrations", _audit(found), actions=f"{len(found)}", flush=True),
            dcc.Store(id="registry-of", data=latest.artifact_id),
        ],
        className="registry-page",
    )


def _about(latest: Artifact) -> Component:
    meta = ", ".join(f"{name} {value(each)}" for name, each in flat(latest.meta).items()) if latest.meta else None
    return facts(
        [
            ("Kind", badge(latest.kind[:40])),
            ("SHA-256", html.Span(latest.artifact_id, className="mono")),
            ("Size", f"{size(latest.size)}, {_FORMS.get(latest.form, latest.form)}"),
            ("Registered", when(latest.at_ns, date=True)),
            ("By", author(latest)),
            ("Why", latest.why or None),
            ("Commit", commit(latest)),
            ("Said of it", meta),
            ("Versions", link(f"All that are called {latest.name}", "/registry", {"name": latest.name})),
        ]
    )


def _file(latest: Artifact) -> list[Component]:
    if not latest.location:
        return []
    button = html.Button("Check the file", id="registry-check", className="button", n_clicks=0)
    result = html.Div(id="registry-checked", role="status")
    parts = [html.Code(latest.location, className="path"), button, result]
    return [card("File", html.Div(parts, className="registry-file"))]


def checked(store: Store, artifact_id: str) -> Component:
    """Return the state of an artifact's file, which is read again."""
    text, kind, told = _STATES[verify(store.read_registrations(artifact_id, 1)[0], MOST_ASKED).state]
    return html.Span([badge(text, kind), " ", html.Span(told, className="muted")])


def _content(latest: Artifact) -> list[Component]:
    if latest.content is None:
        return []
    values = flat(latest.content)
    rows = [[html.Span(path, className="mono"), html.Span(value(each), className="mono registry-value")]
            for path, each in list(values.items())[:_VALUES]]  # fmt: skip
    if not rows:
        return [card("Configuration", html.Code(json.dumps(latest.content)[:_VALUES]))]
    more = f"the first {_VALUES} of {len(values):,}" if len(values) > _VALUES else f"{len(values)}"
    table = framed_table(("Setting", "Value"), rows, "Table of settings")
    return [card("Configuration", table, actions=more, flush=True)]


def _others(store: Store, latest: Artifact) -> list[Artifact]:
    """Return artifacts to compare with: of the same name first, then of the same kind."""
    found = [*store.list_artifacts(latest.kind, latest.name, _OTHERS + 1), *store.list_artifacts(latest.kind, None, 50)]
    others = {each.artifact_id: each for each in reversed(found) if each.artifact_id != latest.artifact_id}
    return list(reversed(others.values()))[:_OTHERS]


def _compare(latest: Artifact, others: list[Artifact]) -> Component:
    if not others:
        return empty("Nothing to compare with", f"There is no other {latest.kind}.")
    rows = []
    for each in others:
        pair = {"before": each.artifact_id, "after": latest.artifact_id}
        if each.at_ns > latest.at_ns:
            pair = {"before": latest.artifact_id, "after": each.artifact_id}
        name: Any = link(each.name, "/registry/compare", pair, className="link mono", title=each.artifact_id)
        rows.append([name, html.Span(each.artifact_id[:12], className="faint mono"), when(each.at_ns, date=True)])
    return framed_table(("Name", "SHA-256", "Registered"), rows, "Table of artifacts to compare with")


def _audit(found: list[Artifact]) -> Component:
    rows = [
        [when(each.at_ns, date=True), author(each), commit(each), html.Span(each.why, className="registry-why")]
        for each in found
    ]
    return framed_table(("When", "Who", "Commit", "Why"), rows, "Table of registrations")


def register(app: App) -> None:
    """Declare the callbacks that scroll the graph to the artifact, and read the file again."""
    app.clientside("lineageCentre", Output("registry-lineage", "title"), Input("registry-of", "data"))

    @app.callback(
        Output("registry-checked", "children"),
        Input("registry-check", "n_clicks"),
        State("registry-of", "data"),
        prevent_initial_call=True,
    )
    def check(clicks: int | None, artifact_id: str) -> Component | str:
        if not clicks:
            return ""
        try:
            return checked(app.reader, artifact_id)
        except ObsvError as error:
            return html.Span(str(error), className="err-text")


PAGE = Page(path="/registry/<artifact>", title="Artifact", layout=layout, register=register, needs_data=False)
