"""One decision: what it rested on, its gates, what was done, and how it turned out."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.analysis.origins import Origin, origins
from obsv.dashboards.clock import duration, when
from obsv.dashboards.components import badge, button_link, card, empty, facts, link
from obsv.dashboards.components.framed_table import framed_table
from obsv.dashboards.decisions.shown import judgement_badge, margin, number, verdict_badge
from obsv.dashboards.page import App, Page, View
from obsv.store.figures import DecisionFull, GateLine, ResultLine
from obsv.store.ground import Window, read_shown

_ID_CHARS = 64


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        NotFound: there is no such decision.
    """
    found = view.reader.read_decision(view.path["decision"])
    line = found.line
    inputs = {name: about for name, about in _object(found.inputs).items() if isinstance(about, dict)}
    values = {gate.gate: gate.observed for gate in found.gates}
    values |= {name: about.get("value") for name, about in inputs.items()}
    came_from: dict[str, Origin] = {}
    if line.trace_id:
        calls = view.reader.valued_calls(Window(0, line.time_ns), line.trace_id)
        came_from = origins(calls, line.span_id, line.time_ns, values)
    title = " · ".join(part for part in (line.kind, line.subject, line.mode) if part)
    return html.Div(
        [
            html.Div([html.H1(title), html.Div(_tools(found, view), className="page-tools")], className="page-head"),
            _about(found),
            card("Inputs", _inputs(inputs, came_from, line.trace_id), flush=bool(inputs)),
            card("Gates", _gates(found.gates, came_from, line.trace_id), flush=bool(found.gates)),
            card("Results", _results(found.results)),
        ],
        className="decision-page",
    )


def _tools(found: DecisionFull, view: View) -> list[Component]:
    period = {name: view.query.get(name) for name in ("range", "from", "to")}
    tools = [button_link("All decisions", "/decisions", period)]
    if found.line.trace_id:
        tools.append(button_link("Trace", f"/trace/{found.line.trace_id}", {"span": found.line.span_id or None}))
    return tools


def _about(found: DecisionFull) -> Component:
    line = found.line
    marks = [verdict_badge(line.verdict)]
    if line.is_shadow:
        marks.append(badge("for comparison", title="It was not acted upon"))
    if line.judgement:
        marks.append(judgement_badge(line.judgement))
    told = read_shown(line.violations)
    marks += [badge(str(each), "err") for each in told] if isinstance(told, list) else []
    attributes = ", ".join(f"{name} {number(value)}" for name, value in _object(found.attributes).items())
    shown = facts(
        [
            ("Refused by", line.refused_by or None),
            ("Action", line.action or None),
            ("Decided", when(line.time_ns, date=True)),
            ("Took", duration(line.duration_ns)),
            ("Actor", _artifact(line.actor, line.actor)),
            ("Rules", _artifact(line.policy, line.policy[:16])),
            ("Service", line.service or None),
            ("Attributes", attributes or None),
            ("Exception", html.Span(found.exception, className="mono err-text") if found.exception else None),
            ("ID", html.Span(line.decision_id, className="mono")),
        ]
    )
    return card(None, [html.Div(marks, className="decision-marks"), shown])


def _artifact(identity: str, shown: str) -> Component | None:
    """Return the link of an artifact; the name of an actor that has no ID."""
    if not identity:
        return None
    if len(identity) == _ID_CHARS and not identity.strip("0123456789abcdef"):
        return link(shown, f"/registry/{identity}", {}, className="link mono", title=identity)
    return html.Span(shown, className="mono", title=identity)


def _inputs(inputs: dict[str, Any], came_from: dict[str, Origin], trace_id: str) -> Component:
    if not inputs:
        return empty("No inputs", "d.input(name, value, as_of) keeps what a decision rests on.")
    rows = []
    for name, about in inputs.items():
        as_of = about.get("as_of")
        shown = when(as_of, date=True) if isinstance(as_of, int) else html.Span("—", className="faint")
        cells: list[Any] = [html.Span(name, className="mono"), number(about.get("value")), shown]
        rows.append([*cells, _origin(came_from.get(name), trace_id)])
    return framed_table(("Input", "Value", "As of", "Returned by"), rows, "Table of inputs")


def _gates(gates: list[GateLine], came_from: dict[str, Origin], trace_id: str) -> Component:
    if not gates:
        return empty("No gates", "Its verdict was set by the program.")
    rows = [
        [
            _name(gate),
            badge("holds", "ok") if gate.passed else badge("refuses", "stale"),
            html.Span(f"{number(gate.observed)} {gate.op} {number(gate.threshold)}", className="mono"),
            margin(gate.margin, gate.margin_share),
            html.Span("after the refusal" if gate.is_shadow else "decided", className="muted"),
            "—" if gate.latency_ns is None else duration(gate.latency_ns),
            _origin(came_from.get(gate.gate), trace_id),
        ]
        for gate in gates
    ]
    names = ("Gate", "Verdict", "Comparison", "Margin", "State", "Took", "Value returned by")
    return framed_table(names, rows, "Table of gates")


def _name(gate: GateLine) -> list[Component]:
    told = [html.Div(gate.text, className="faint gate-text")] if gate.text else []
    return [html.Span(gate.gate, className="mono"), *told]


def _results(results: list[ResultLine]) -> Component:
    if not results:
        return empty("No outcome yet", "obsv.outcome(id, …) tells it when it is known, days later if need be.")
    return html.Ul([html.Li(_result(each)) for each in results], className="decision-results")


def _result(each: ResultLine) -> list[Any]:
    metrics = ", ".join(f"{name} {number(value)}" for name, value in _object(each.metrics).items())
    kind = f"Counterfactual ({each.method})" if each.method else "Outcome"
    parts: list[Any] = [
        when(each.time_ns, date=True),
        " ",
        html.B(kind),
        " ",
        html.Span(metrics, className="mono"),
        " ",
    ]
    parts += [f"if {each.alternative} "] if each.alternative else []
    parts += [judgement_badge(each.judgement)] if each.judgement else []
    told = read_shown(each.violations)
    return parts + ([badge(str(one), "err") for one in told] if isinstance(told, list) else [])


def _origin(origin: Origin | None, trace_id: str) -> Component:
    if origin is None:
        return html.Span("—", className="faint", title="No recorded call of the trace returned this value before")
    text = origin.process if origin.output == "return" else f"{origin.process} ({origin.output})"
    return link(text, f"/trace/{trace_id}", {"span": origin.span_id}, className="link mono")


def _object(text: str) -> dict[str, Any]:
    found = read_shown(text) if text else {}
    return found if isinstance(found, dict) else {}


def register(app: App) -> None:
    """It has no callbacks."""


PAGE = Page(path="/decisions/<decision>", title="Decision", layout=layout, register=register, needs_data=False)
