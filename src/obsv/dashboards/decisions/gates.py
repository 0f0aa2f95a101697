"""Gates: how often each lets pass, by how much, and what another threshold would have done."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.charts import chart
from obsv.dashboards.charts.axis import count_axis
from obsv.dashboards.clock import count, percent
from obsv.dashboards.components import badge, card, empty, facts, link
from obsv.dashboards.components.aria import aria
from obsv.dashboards.decisions.shown import number, signed
from obsv.dashboards.page import App
from obsv.dashboards.theme import DARK, figure
from obsv.decisions import Policy
from obsv.decisions.gates_file import FILE_NAME, registered_gates
from obsv.errors import ObsvError
from obsv.nouns import plural
from obsv.store.figures import Flipped, GateFigures, GateFilters, GateInspected, WhatIf
from obsv.store.ground import Window
from obsv.store.seam import Store

_BIAS = (
    "Only refusals whose other way was followed or simulated are judged, and these are no random ones. A threshold "
    "that is chosen on these decisions will look better on them than on the next."
)


def gates_view(store: Store, asked: dict[str, str], here: dict[str, str], window: Window) -> list[Component]:
    """Return the table of gates, and the inspector of the one that the address names."""
    filters = GateFilters(asked.get("kind"), asked.get("mode"))
    found = store.read_gates(filters, window)
    if not found:
        return [empty("No gates in this period", "The decisions of this period have none.")]
    targets = _targets(store)
    parts: list[Component] = [card("Gates", _table(found, here, targets), actions=f"{len(found)}", flush=True)]
    if gate := asked.get("gate"):
        parts.append(_inspector(store.read_gate(gate, filters, window), asked, window))
    return parts


def _targets(store: Store) -> Policy | None:
    """Return the rules that were registered last, whose targets hold."""
    found = store.list_artifacts("config", FILE_NAME, 1)
    return registered_gates(found[0].content, found[0].artifact_id) if found else None


def _table(found: list[GateFigures], here: dict[str, str], targets: Policy | None) -> Component:
    names = ("Gate", "Seen", "Passed", "Target", "Decided", "Refused first", "Good blocks", "Bad blocks", "Not judged")
    head = html.Tr([html.Th(name, scope="col") for name in names])
    rows = [html.Tr(_cells(each, here, targets)) for each in found]
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="functions gate-table")
    return html.Div(table, className="table-frame", tabIndex=0, role="region", **aria(label="Table of gates"))


def _cells(each: GateFigures, here: dict[str, str], targets: Policy | None) -> list[Component]:
    inspected: dict[str, str | None] = {**here, "gate": each.gate, "kind": each.kind, "mode": each.mode}
    name = link(each.gate, "/decisions", inspected, className="link mono")
    about = " · ".join(part for part in (each.kind, each.mode) if part)
    share = each.passed / each.seen if each.seen else 0.0
    unknown = each.blocked - each.good - each.bad - each.neutral
    figures: list[Any] = [count(each.seen), percent(share), _target(each, share, targets), count(each.evaluated)]
    figures += [count(value) for value in (each.blocked, each.good, each.bad, unknown)]
    return [html.Td([name, html.Div(about, className="faint")]), *(html.Td(each) for each in figures)]


def _target(each: GateFigures, share: float, targets: Policy | None) -> Component:
    try:
        target = None if targets is None else targets.rule(each.gate, each.mode).target
    except KeyError:
        target = None
    if target is None:
        return html.Span("—", className="faint", title="No target in the registered gates.yaml")
    text = f"{percent(target[0])} – {percent(target[1])}"
    return badge(text, "ok" if target[0] <= share <= target[1] else "err", title="From the registered gates.yaml")


def _inspector(found: GateInspected, asked: dict[str, str], window: Window) -> Component:
    share = found.passed / found.seen if found.seen else 0.0
    about = facts(
        [
            ("Threshold", f"{found.op} {number(found.threshold)}, the latest"),
            ("Pass rate", f"{percent(share)} of {count(found.seen)}, shadows too"),
            ("Looked at", f"the latest {count(found.looked_at)}" if found.looked_at < found.seen else None),
        ]
    )
    parts = [about, _histogram(found)]
    if isinstance(found.threshold, (int, float)) and found.op in ("<=", "<", ">=", ">"):
        parts.append(_try(found, asked, window))
    return card(f"Gate {found.gate}", parts)


def _histogram(found: GateInspected) -> Component:
    if not found.margins:
        return empty("No margins", "Its values are not numbers.")
    middle = [(bar.low + bar.high) / 2 for bar in found.margins]
    widths = [bar.high - bar.low for bar in found.margins]
    traces = [
        {"type": "bar", "x": middle, "y": counts, "width": widths, "name": name, "marker": {"color": colour},
         "hovertemplate": f"margin %{{x:.4~g}}<br>%{{y:,}} {name}<extra></extra>"}
        for name, colour, counts in (
            ("passed", DARK["ok"], [bar.passed for bar in found.margins]),
            ("refused", DARK["stale"], [bar.refused for bar in found.margins]),
        )
    ]  # fmt: skip
    heights = [bar.passed + bar.refused for bar in found.margins]
    title = {"text": "margin: distance to the threshold", "standoff": 6}
    drawn = figure(
        traces, barmode="stack", bargap=0.05, yaxis=count_axis(heights), showlegend=True, hovermode="closest",
        xaxis={"fixedrange": True, "type": "linear", "title": title}, margin={"b": 44},
    )  # fmt: skip
    outside = f"{count(found.outside)} margins lie beyond the ends." if found.outside else ""
    label = f"Histogram of margins of {found.gate}"
    return html.Div([chart(drawn, height=230, label=label), html.P(outside, className="faint")])


def _try(found: GateInspected, asked: dict[str, str], window: Window) -> Component:
    field: Component = dmc.NumberInput(
        id="decisions-threshold", value=found.threshold, label="Another threshold", debounce=400, size="xs",
        step=max(abs(float(found.threshold)) / 20, 1e-9), className="gate-threshold",
    )  # fmt: skip
    about: dict[str, str] = {**window.query()}
    about |= {name: asked[name] for name in ("gate", "kind", "mode") if name in asked}
    result = html.Div(html.P("Change it to see what it would have done.", className="muted"), id="decisions-tried",
                      role="status")  # fmt: skip
    return html.Div([field, result, dcc.Store(id="decisions-tried-of", data=about)], className="gate-try")


def tried(found: WhatIf) -> list[Component]:
    """Return what another threshold would have done."""
    if not found.seen:
        return [html.P("None of its values can be tried.", className="muted")]
    before, after = percent(found.before / found.seen), percent(found.after / found.seen)
    shares = f"{before} of {count(found.seen)} passed; {after} would."
    return [
        html.P(shares),
        facts([("Let in", _turned(found.let_in, True)), ("Shut out", _turned(found.shut_out, False))]),
        html.P(_BIAS, className="faint"),
    ]


def _turned(found: Flipped, are_blocks: bool) -> str:
    if not found.decisions:
        return "none"
    text = f"{count(found.decisions)} {plural(found.decisions, 'decision')}"
    judged = found.good + found.bad + found.neutral
    if are_blocks:
        text += f"; {count(judged)} of these blocks are judged: "
        text += f"{count(found.bad)} bad, {count(found.good)} good, {count(found.neutral)} neutral"
    if found.with_pnl:
        text += f"; result of {count(found.with_pnl)}: {signed(found.pnl)}, {percent(found.won / found.with_pnl)} won"
    return text


def watch_gates(app: App) -> None:
    """Declare the callback that tries another threshold."""

    @app.callback(
        Output("decisions-tried", "children"),
        Input("decisions-threshold", "value"),
        State("decisions-tried-of", "data"),
        prevent_initial_call=True,
    )
    def compute(threshold: Any, about: dict[str, str]) -> list[Component]:
        if not isinstance(threshold, (int, float)):
            return [html.P("Enter a number.", className="muted")]
        filters = GateFilters(about.get("kind"), about.get("mode"))
        window = Window.parse(about, app.now_ns(), "24h")
        try:
            return tried(app.reader.read_what_if(about["gate"], float(threshold), filters, window))
        except ObsvError as error:
            return [html.P(str(error), className="err-text")]
