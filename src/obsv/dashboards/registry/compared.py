"""Two artifacts side by side: what differs, how their decisions turned out, and where they decided differently."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import count, percent, when
from obsv.dashboards.components import Kind, badge, button_link, card, empty, link
from obsv.dashboards.components.framed_table import framed_table
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.options import Query, option, options
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.decisions.shown import signed, verdict_badge
from obsv.dashboards.page import App, Page, View
from obsv.dashboards.registry.shown import DIGITS, artifact_link, value
from obsv.errors import NotFound, ObsvError
from obsv.measures import Measured, file_beside, load, shown
from obsv.nouns import plural
from obsv.registry import Difference
from obsv.reports import Comparison, compare_artifacts
from obsv.store.figures import Disagreement
from obsv.store.ground import Window
from obsv.store.seam import Store

_OFFERED, _DIFFERENCES = 10, 300
_SIDES = (("before", "Before"), ("after", "After"))
_CHANGES: dict[str, Kind] = {"added": "ok", "removed": "err", "changed": "accent"}


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        InvalidQuery: the address's time range cannot be parsed.
    """
    window = view.window("24h")
    asked = {name: view.query[name] for name, _ in _SIDES if view.query.get(name)}
    tools = [button_link("Registry", "/registry"), time_picker("compared-time", window, now_ns=view.now_ns)]
    return html.Div(
        [
            html.Div([html.H1("Compare artifacts"), html.Div(tools, className="page-tools")], className="page-head"),
            html.Div(body(view.reader, view.file, asked, window), id="compared-body", className="registry-page"),
            dcc.Store(id="compared-asked", data=asked),
        ],
        className="registry-page",
    )


def body(store: Store, file: Any, asked: dict[str, str], window: Window) -> list[Component]:
    """Return all below the heading: the choice of two artifacts, and their comparison."""
    here: dict[str, str | None] = {**window.query(), **asked}
    with store.view() as view:
        actors = list(dict.fromkeys([*asked.values(), *view.read_journal_names(window).actors]))
        names = {each: _name(view, each) for each in actors[: _OFFERED + len(asked)]}
    choices = [options(title, _offered(here, side, names, asked), shown=title) for side, title in _SIDES]
    parts: list[Component] = [html.Div(choices, className="compared-choices")] if names else []
    if len(asked) < len(_SIDES):
        text = "Artifacts that decided in this period can be chosen above; those of the registry on their pages."
        return [*parts, card("Comparison", empty("Choose two artifacts", text, link("Registry", "/registry")))]
    try:
        found = compare_artifacts(store, load(file_beside(file)), asked["before"], asked["after"], window)
    except ObsvError as error:
        return [*parts, card("Comparison", empty("They cannot be compared", str(error)))]
    return [*parts, *_compared(found, names, asked)]


def _offered(here: Query, side: str, names: dict[str, str], asked: dict[str, str]) -> list[Component]:
    return [
        option(text, "/registry/compare", {**here, side: each}, asked.get(side) == each) for each, text in names.items()
    ]


def _name(store: Store, actor: str) -> str:
    try:
        found = store.read_registrations(actor, 1)[0]
    except (NotFound, ObsvError):
        return actor[:40]
    return f"{found.name[:40]} {found.artifact_id[:8]}"


def _compared(found: Comparison, names: dict[str, str], asked: dict[str, str]) -> list[Component]:
    old, new = names[asked["before"]], names[asked["after"]]
    return [
        card("Differences", _differences(found.differences, old, new), actions=_sides(found),
             flush=bool(found.differences)),
        card("Metrics of their decisions", _metrics(found.metrics, old, new), flush=bool(found.metrics)),
        card("Decided differently", _disagreements(found, old, new), actions=_pairs(found),
             flush=bool(found.paired.disagreements)),
    ]  # fmt: skip


def _sides(found: Comparison) -> list[Component | str]:
    return [artifact_link(found.before, found.before[:DIGITS]), " → ", artifact_link(found.after, found.after[:DIGITS])]


def _differences(found: list[Difference], old: str, new: str) -> Component:
    if not found:
        return empty("No differences", "They are the same artifact, say the same, or one of them is not registered.")
    rows = [_difference(each) for each in found[:_DIFFERENCES]]
    return framed_table(("Change", "Part", "Path", old, new), rows, "Table of differences", wide=True)


def _difference(each: Difference) -> list[Any]:
    what: list[Any] = [badge(each.change, _CHANGES[each.change]), each.part]
    if each.part == "parents":
        sides = ("made of it" if parent else "—" for parent in (each.before, each.after))
        return [*what, artifact_link(each.path, each.path[:DIGITS]), *sides]
    values = (html.Span(value(side), className="mono registry-value") for side in (each.before, each.after))
    return [*what, html.Span(each.path, className="mono registry-value"), *values]


def _metrics(found: list[tuple[Measured, Measured]], old: str, new: str) -> Component:
    if not found:
        return empty("No decisions of either in this period", "obsv.decide(…, actor=ID) says which artifact decides.")
    rows = []
    for before, after in found:
        unit = before.definition.unit
        name = html.Span(before.definition.title, title=before.definition.formula)
        both = [
            html.Span(shown(each.value, unit), title=f"{count(each.observations)} {plural(each.observations, 'row')}")
            for each in (before, after)
        ]
        rows.append([name, *both, _turned(before, after)])
    return framed_table(("Metric", old, new, "Change"), rows, "Table of metrics")


def _turned(before: Measured, after: Measured) -> Component | str:
    if before.value is None or after.value is None or before.value == after.value:
        return ""
    change = after.value - before.value
    better = before.definition.better
    is_better = (change < 0) == (better == "lower")
    text = f"{signed(100 * change)} points" if before.definition.unit == "share" else signed(change)
    return badge(text, "plain" if not better else "ok" if is_better else "err")


def _pairs(found: Comparison) -> str:
    pairs, different = found.paired.pairs, found.paired.different
    share = f" ({percent(different / pairs)})" if pairs else ""
    return f"{count(different)} of {count(pairs)} pairs{share}"


def _disagreements(found: Comparison, old: str, new: str) -> Component:
    if not found.paired.pairs:
        text = "Neither decided about the same kind, subject and mode within a minute of the other."
        return empty("No pairs", text)
    if not found.paired.disagreements:
        return empty("No difference", "They decided the same in each pair.")
    rows = [_disagreement(each) for each in found.paired.disagreements]
    return framed_table(("When", "About", old, new), rows, "Table of decisions that differ", wide=True)


def _disagreement(each: Disagreement) -> list[Any]:
    about = " · ".join(part for part in (each.kind, each.mode, each.subject) if part)
    sides = (
        (each.before_id, each.before_verdict, each.before_pnl),
        (each.after_id, each.after_verdict, each.after_pnl),
    )
    cells = [
        link([verdict_badge(verdict), "" if pnl is None else f" {signed(pnl)}"], f"/decisions/{identity}", {})
        for identity, verdict, pnl in sides
    ]
    return [when(each.time_ns, date=True), about, *cells]


def register(app: App) -> None:
    """Declare the callback of another window."""
    watch_time_picker(app, "compared-time")

    @app.callback(
        Output("compared-body", "children"),
        Input("compared-time-window", "data"),
        State("compared-asked", "data"),
        prevent_initial_call=True,
    )
    def refresh(window: dict[str, str], asked: dict[str, str]) -> list[Component]:
        return body(app.reader, app.file, asked or {}, Window.parse(window, app.now_ns(), "24h"))


PAGE = Page(path="/registry/compare", title="Compare artifacts", layout=layout, register=register, needs_data=False)
