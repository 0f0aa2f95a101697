"""Decisions: what was decided, by which gates, and how it turned out."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import count, duration, percent, when
from obsv.dashboards.components import button_link, empty, link
from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.options import option, options
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.decisions.gates import gates_view, watch_gates
from obsv.dashboards.decisions.shown import judgement_badge, result, verdict_badge
from obsv.dashboards.page import App, Page, View
from obsv.store.figures import DecisionFilters, DecisionLine, KindLine
from obsv.store.ground import Window
from obsv.store.seam import Store

VIEWS = (("", "Feed"), ("gates", "Gates"), ("shadow", "Refused"))
VERDICTS = (("", "All"), ("pass", "Passed"), ("block", "Refused"), ("error", "Failed"))
LISTED = 100
_KEPT = ("kind", "mode", "verdict", "subject", "gate", "view")


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        InvalidQuery: the address's time range cannot be parsed.
    """
    window = view.window("24h")
    asked = {name: view.query[name] for name in _KEPT if view.query.get(name)}
    others = [button_link(title, path) for title, path in (("Registry", "/registry"), ("Reports", "/reports"))]
    tools = html.Div([*others, time_picker("decisions-time", window, now_ns=view.now_ns)], className="page-tools")
    return html.Div(
        [
            html.Div([html.H1("Decisions"), tools], className="page-head"),
            html.Div(body(view.reader, asked, window), id="decisions-body", className="decisions-body"),
            dcc.Store(id="decisions-asked", data=asked),
        ],
        className="decisions-page",
    )


def body(store: Store, asked: dict[str, str], window: Window) -> list[Component]:
    """Return all below the heading, for what the address asks."""
    kinds = store.read_kinds(window)
    if not kinds:
        text = "Programs record decisions, and the gates that let them pass or refuse, with obsv.decide(…)."
        return [empty("No decisions in this period", text)]
    here = {**window.query(), **asked}
    shown = asked.get("view", "")
    parts: list[Component] = [_choices(here, kinds, shown)]
    if shown == "gates":
        return [*parts, *gates_view(store, asked, here, window)]
    refused = {"verdict": "block"} if shown == "shadow" else {}
    filters = DecisionFilters(**{**{name: asked.get(name) for name in _KEPT[:5]}, **refused})  # type: ignore[arg-type]
    found = store.read_decisions(filters, window, None, LISTED)
    return [*parts, _lead(kinds, asked, shown), *_rows(found.lines, here, found.cursor is not None, shown)]


def _choices(here: dict[str, str], kinds: list[KindLine], shown: str) -> Component:
    views = [_choice(text, here, {"view": name, "gate": None}, shown == name) for name, text in VIEWS]
    groups = [options("View", views)]
    modes = sorted({line.mode for line in kinds if line.mode})
    if len(modes) > 1:
        found = [_choice("All modes", here, {"mode": None}, not here.get("mode"))]
        found += [_choice(mode, here, {"mode": mode}, here.get("mode") == mode) for mode in modes[:8]]
        groups.append(options("Mode", found))
    if not shown:
        found = [_choice(text, here, {"verdict": v}, here.get("verdict", "") == v) for v, text in VERDICTS]
        groups.append(options("Verdict", found))
    rest = [name for name in ("kind", "subject", "gate") if here.get(name)]
    groups += [html.Nav(_choice(f"{here[name]} ×", here, {name: None}, True), **aria(label=name)) for name in rest]
    return html.Div(groups, className="decision-choices")


def _choice(text: str, here: dict[str, str], change: dict[str, str | None], chosen: bool) -> Component:
    return option(text, "/decisions", {**here, **change}, chosen)


def _lead(kinds: list[KindLine], asked: dict[str, str], shown: str) -> Component:
    counted = [k for k in kinds if all(getattr(k, name) == asked[name] for name in ("kind", "mode") if name in asked)]
    made, passed, blocked = (sum(getattr(k, each) for k in counted) for each in ("decisions", "passed", "blocked"))
    text = f"{count(made)} decision{'s' * (made != 1)}: {count(passed)} passed, {count(blocked)} refused"
    text += f" ({percent(blocked / made)})." if made else "."
    if shown == "shadow":
        text += " What a refusal avoided or missed is known only where the other way was followed or simulated."
    return html.P(text, className="lead")


def _rows(lines: list[DecisionLine], here: dict[str, str], more: bool, shown: str) -> list[Component]:
    if not lines:
        return [empty("No such decisions", "None of those in this period is like this.")]
    period = {name: value for name, value in here.items() if name in ("range", "from", "to")}
    rows = [html.Div(_row(line, period), role="listitem") for line in lines]
    parts: list[Component] = [html.Div(rows, className="card decision-list", role="list", **aria(label="Decisions"))]
    if more:
        parts.append(html.P(f"The latest {LISTED}; choose a shorter period for others.", className="muted"))
    return parts


def _row(line: DecisionLine, period: dict[str, str]) -> Component:
    about = " · ".join(part for part in (line.kind, line.mode, line.subject) if part)
    turned: list[Any] = [judgement_badge(line.judgement)] if line.judgement else []
    turned += [html.Span(result(line.metrics), className="mono")] if line.metrics else []
    said = f"refused by {line.refused_by}" if line.refused_by else line.action
    if line.is_shadow:
        said = f"for comparison; {said}" if said else "for comparison"
    cells = [
        when(line.time_ns),
        verdict_badge(line.verdict),
        html.Span(about, className="ellipsis", title=about),
        html.Span(said, className="muted ellipsis", title=said),
        html.Span(turned, className="decision-turned"),
        html.Span(duration(line.duration_ns), className="faint"),
    ]
    return link(cells, f"/decisions/{line.decision_id}", period, className="decision-row row-link")


def register(app: App) -> None:
    """Declare the callbacks: another window, and new decisions."""
    watch_time_picker(app, "decisions-time")

    @app.callback(
        Output("decisions-body", "children"),
        Input("decisions-time-window", "data"),
        Input("pulse", "data"),
        State("decisions-asked", "data"),
        prevent_initial_call=True,
    )
    def refresh(window: dict[str, str], _: Any, asked: dict[str, str]) -> list[Component]:
        return body(app.reader, asked or {}, Window.parse(window, app.now_ns(), "24h"))

    watch_gates(app)


PAGE = Page(path="/decisions", title="Decisions", layout=layout, register=register, icon="decisions", key="d")
