"""Alerts: firing alerts, messages, silences, repeating variables, and a form for new rules."""

from __future__ import annotations

import time
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from obsv.acting import actor
from obsv.alerts.desk import add_silence, end_silence
from obsv.alerts.editing import add_rule, rule_of
from obsv.alerts.preview import HOURS, PAST, preview
from obsv.alerts.readings import seconds
from obsv.alerts.rules import AlertsConfig, Rule
from obsv.alerts.samples import numbered, shown
from obsv.alerts.silences import parse_matchers
from obsv.alerts.watch import Watch
from obsv.dashboards.alerts.tables import lists, senders, table
from obsv.dashboards.clock import when
from obsv.dashboards.components import badge, card, empty
from obsv.dashboards.page import App, Page, View
from obsv.errors import InvalidQuery, ObsvError
from obsv.store.seam import Store

TICK_MS = 3_000
# Label of the form's threshold, by kind.
THRESHOLDS = {
    "error": "threshold", "duration": "over", "error_rate": "over", "feed_lag": "lag", "staleness": "repeats",
    "backpressure": "depth", "recorder_gone": "after", "pipeline": "over", "lost_calls": "threshold",
}  # fmt: skip
_WHOLE = ("error", "staleness", "backpressure", "lost_calls")
# Label of the form's first field, by kind.
_NAMED = {
    "feed_lag": "feed", "backpressure": "service", "recorder_gone": "service", "lost_calls": "service",
    "pipeline": "part",
}  # fmt: skip


def layout(view: View) -> Component:
    """Return the page."""
    config = view.alerts.config if view.alerts else AlertsConfig()
    body = html.Div(_lists(view, config), id="alerts-body")
    # Without rules there is nothing to list yet: the form that adds one comes first.
    forms = [_silence_form(), _rule_form()] if config.rules else [_rule_form(), _silence_form()]
    form = html.Div(forms, className="alerts-forms")
    return html.Div(
        [
            html.Div(
                [html.H1("Alerts"), html.Div(_source(view.alerts), className="page-tools")], className="page-head"
            ),
            *((body, form) if config.rules else (form, body)),
            dcc.Interval(id="alerts-tick", interval=TICK_MS),
        ],
        className="alerts-page",
    )


def _lists(view: View, config: AlertsConfig) -> list[Component]:
    try:
        return [*lists(view.reader, config, view.now_ns), *senders(view.senders(), view.now_ns)]
    except ObsvError as error:
        return [card("Alerts", html.P(str(error)))]


def _source(watch: Watch | None) -> list[Component]:
    if watch is not None and watch.file.error:
        text = "invalid file, previous rules in force" if watch.file.path else "invalid file"
        return [badge(text, "err", title=watch.file.error)]
    if watch is None or watch.file.path is None:
        return [badge("no rules file", title="Add a rule below, or write alerts.toml beside the database")]
    return [badge(numbered(len(watch.config.rules), "rule"), title=str(watch.file.path))]


def _silence_form() -> Component:
    if not actor().may("editor"):
        return card("Silence alerts", empty("Not for viewers", "Silencing alerts needs the role editor."))
    parts = [
        dmc.TextInput(id="alerts-matchers", label="Alerts", placeholder="alertname=slow, process=~shop.*", w=320),
        dmc.TextInput(id="alerts-for", label="For", value="2h", w=90),
        dmc.TextInput(id="alerts-comment", label="Why", w=260),
        html.Button("Silence", id="alerts-silence", className="button", n_clicks=0),
    ]
    return card("Silence alerts", [html.Div(parts, className="alerts-form"), _answer("alerts-silenced")])


def _rule_form() -> Component:
    kinds = [{"label": kind, "value": kind} for kind in THRESHOLDS]
    parts = [
        dmc.Select(id="alerts-kind", label="Kind", data=kinds, value="error", w=150),
        dmc.TextInput(id="alerts-name", label="Name", placeholder="as its kind", w=150),
        dmc.TextInput(id="alerts-process", label="Process, feed, service or part", value="*", w=240),
        dmc.TextInput(id="alerts-variable", label="Variable", placeholder="of staleness", w=140),
        dmc.TextInput(id="alerts-threshold", label="Threshold", placeholder="3, 200ms, 5%", w=120),
        dmc.TextInput(id="alerts-wait", label="Must hold for", value="0s", w=100),
        html.Button("Preview", id="alerts-preview", className="button", n_clicks=0),
        html.Button(
            "Add to file",
            id="alerts-add",
            className="button",
            n_clicks=0,
            disabled=not actor().may("admin"),
            title=None if actor().may("admin") else "Adding rules needs the role admin",
        ),
    ]
    return card("New rule", [html.Div(parts, className="alerts-form"), _answer("alerts-previewed")])


def _answer(id: str) -> Component:
    return html.Div(id=id, className="alerts-answer", role="status")


def fields_of(kind: str, name: str, process: str, variable: str, threshold: str, wait: str) -> dict[str, Any]:
    """Return the keys of a rule for the form's fields; the parser of the rules file validates them."""
    fields: dict[str, Any] = {"name": name.strip()} if name.strip() else {}
    fields["kind"] = kind
    if process.strip() not in ("", "*"):
        fields[_NAMED.get(kind, "process")] = process.strip()
    if kind == "staleness":
        fields["variable"] = variable.strip()
    text = threshold.strip()
    if text:
        fields[THRESHOLDS[kind]] = int(text) if kind in _WHOLE and text.isascii() and text.isdecimal() else text
    if wait.strip() not in ("", "0s", "0"):
        fields["for"] = wait.strip()
    return fields


def previewed(rule: Rule, store: Store, now_ns: int) -> list[Component]:
    """Return what a rule would have done."""
    episodes = preview(rule, store, now_ns)
    span = f"in the last {HOURS} hours" if rule.kind in PAST else "now (this kind has no history)"
    if not episodes:
        return [html.P(f"It would not have fired {span}.")]
    rows = [
        [when(each.starts_ns, date=True), when(each.ends_ns, date=True) if each.ends_ns else "still",
         ", ".join(f"{name}={value}" for name, value in each.labels), shown(each.highest)]
        for each in episodes
    ]  # fmt: skip
    return [html.P(f"It would have fired {numbered(len(episodes), 'time')} {span}."),
            table(("From", "Until", "Labels", "Highest"), rows)]  # fmt: skip


def _silenced(watch: Watch, matchers: str, length: str, comment: str) -> list[Component]:
    try:
        length_s = seconds(length)
    except ValueError as error:
        raise InvalidQuery(f"For: {error}.") from None
    now_ns = time.time_ns()
    add_silence(
        watch.book, parse_matchers(matchers), now_ns, now_ns + int(length_s * 1e9), actor().name, comment, now_ns
    )
    return [html.P("Silenced.")]


def register(app: App) -> None:
    """Declare the callbacks."""

    @app.callback(
        Output("alerts-body", "children"),
        Input("alerts-tick", "n_intervals"),
        Input({"type": "alerts-end", "id": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def refresh(_: int | None, clicks: list[int]) -> list[Component]:
        asked = ctx.triggered_id
        if app.alerts is None:
            raise PreventUpdate
        if asked != "alerts-tick" and isinstance(asked, dict) and any(clicks):
            end_silence(app.alerts.book, asked["id"], app.now_ns())
        return _lists(View(app.reader, {}, {}, app.now_ns(), app.alerts, app.senders), app.alerts.config)

    @app.callback(
        Output("alerts-silenced", "children"),
        Input("alerts-silence", "n_clicks"),
        State("alerts-matchers", "value"),
        State("alerts-for", "value"),
        State("alerts-comment", "value"),
        prevent_initial_call=True,
    )
    def silence(_: int, matchers: str | None, length: str | None, comment: str | None) -> list[Component]:
        if app.alerts is None:
            raise PreventUpdate
        return _said(lambda watch: _silenced(watch, matchers or "", length or "", comment or ""), app.alerts)

    @app.callback(
        Output("alerts-previewed", "children"),
        Input("alerts-preview", "n_clicks"),
        Input("alerts-add", "n_clicks"),
        *(State(f"alerts-{name}", "value") for name in ("kind", "name", "process", "variable", "threshold", "wait")),
        prevent_initial_call=True,
    )
    def build(_: int, __: int, *values: str | None) -> list[Component]:
        fields = fields_of(*(each or "" for each in values))
        if app.alerts is None:
            raise PreventUpdate
        if ctx.triggered_id == "alerts-add":
            return _said(lambda watch: _added(watch, fields), app.alerts)
        return _said(lambda watch: previewed(rule_of(fields), app.reader, app.now_ns()), app.alerts)


def _added(watch: Watch, fields: dict[str, Any]) -> list[Component]:
    path = watch.file.path or watch.db.parent / "alerts.toml"
    with watch.book.changing_rules("add rule", str(fields.get("name", fields["kind"])), str(path)):
        config = add_rule(path, fields)
    return [
        html.P(
            f"Added to {path}, which now has {numbered(len(config.rules), 'rule')}; it takes effect within a second."
        )
    ]


def _said(do: Any, watch: Watch) -> list[Component]:
    """Return the result of an action, or its error."""
    try:
        found: list[Component] = do(watch)
    except ObsvError as error:
        return [html.P(str(error), className="err-text alerts-wrong")]
    return found


PAGE = Page(path="/alerts", title="Alerts", layout=layout, register=register, icon="alerts", key="a", needs_data=False)
