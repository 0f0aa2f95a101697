"""One error group: its latest call, differences from successful calls, other calls, and why it is one group."""

from typing import Any

from dash import Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from obsv.analysis.separation import Fact, separate
from obsv.dashboards.charts.milestones import milestone_ticks
from obsv.dashboards.clock import count, duration, when
from obsv.dashboards.components import button_link, card, facts, link, traceback, values
from obsv.dashboards.components.explain import explain_button
from obsv.dashboards.controls.share import keep_button, share_button
from obsv.dashboards.errors.clues import clues
from obsv.dashboards.errors.grouping import grouping, watch_grouping
from obsv.dashboards.errors.page import bars, marks
from obsv.dashboards.page import App, Page, View
from obsv.errors import InvalidQuery
from obsv.nouns import counted
from obsv.store.figures import ErrorDetail, ErrorGroup, ErrorSample
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import Store
from obsv.store.spans import Value

# Calls per side: enough for shares accurate to five per cent.
SAMPLE = 400
MOST_FACTS, MOST_CALLS = 12, 20
ACTIONS = {
    "resolve": ("Resolve", "It reopens if a version first seen from now on fails"),
    "ignore": ("Ignore", "It is not marked again until it is reopened"),
    "open": ("Reopen", "Remove the decision"),
}


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        InvalidQuery: the address does not contain a group number or a valid time range.
        NotFound: there is no such group.
    """
    text = view.path["group"]
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise InvalidQuery(f"{text!r} is not the number of an error group: see the page Errors.")
    window = view.window("6h")
    found = view.reader.read_error_group(int(text), window)
    return html.Div(
        [
            html.Div(
                [html.H1(found.group.title, className="mono"), html.Div(_tools(found, window), className="page-tools")],
                className="page-head",
            ),
            html.Div(state(found.group, view.reader, window), id="error-state"),
            html.Div(_body(view.reader, found, window, view.now_ns), className="error-body"),
            dcc.Store(id="error-number", data=found.group.id),
        ],
        className="error-page",
    )


def _tools(found: ErrorDetail, window: Window) -> list[Component]:
    group, here = found.group, window.query()
    call = {"trace": group.trace_id, "span": group.span_id}
    calls = {"process": group.process, "status": "ERR", **here}
    return [
        button_link("Latest call", "/explorer", {**calls, "call": f"{group.trace_id}.{group.span_id}"}),
        button_link("All calls", "/explorer", calls),
        button_link("Trace", f"/trace/{group.trace_id}", {"span": group.span_id}),
        button_link("Compare", "/compare", call),
        explain_button(group.trace_id, group.span_id),
        share_button(group.trace_id, preset="6h"),
        keep_button(group.trace_id),
    ]


def state(group: ErrorGroup, reader: Store, window: Window) -> list[Component]:
    """Return the state of a group, and the possible decisions."""
    actions = ["open"] if group.status != "open" else ["resolve", "ignore"]
    buttons = [
        html.Button(
            ACTIONS[name][0], id=f"error-{name}", className="button", title=ACTIONS[name][1], hidden=name not in actions
        )
        for name in ACTIONS
    ]
    caught = f"{count(group.escaped)} left the program, {count(group.total - group.escaped)} were caught"
    versions = " to ".join(dict.fromkeys(each for each in (group.first_version, group.last_version) if each))
    shown = facts(
        [
            ("Call", link(group.process, "/code", {"process": group.process}, className="mono")),
            ("Service", group.service),
            ("Errors", f"{count(group.total)} in total, {count(group.seen)} in this period; {caught}"),
            ("First", when(group.first_ns, date=True)),
            ("Last", when(group.last_ns, date=True)),
            ("Versions", versions or None),
            ("Resolved in", group.resolved_version if group.status == "resolved" else None),
            ("Note", group.note or None),
        ]
    )
    return [
        html.Div([*marks(group), *buttons], className="error-marks"),
        shown,
        bars(group.series, milestone_ticks(reader.read_milestones(window), window)),
    ]


def _body(reader: Store, found: ErrorDetail, window: Window, now_ns: int) -> list[Component]:
    group = found.group
    failing = reader.sample_group(group.id, window, SAMPLE)
    good = reader.sample_calls(Filters(process=group.process, status="OK"), window, SAMPLE)
    separated = separate(failing.calls, good.calls, MOST_FACTS)
    how = f"{counted(len(failing.calls), 'failed call')} and {counted(len(good.calls), 'successful call')}"
    how += "" if failing.is_all and good.is_all else ", a sample"
    parts = [card("Differences of the failed calls", _facts(separated, bool(good.calls)), actions=how)]
    parts += clues(reader, group.trace_id, group.span_id)
    if found.latest is not None:
        parts.append(card("Latest", _sample(found.latest, "error-latest")))
    if found.first is not None and found.first != found.latest:
        keep = keep_button(found.first.trace_id)
        parts.append(card("First", _sample(found.first, "error-first"), actions=keep))
    parts.append(grouping(reader, found, now_ns))
    if found.calls:
        rows = [
            html.Li(
                [
                    when(each.start_ns, date=True),
                    " ",
                    link(each.span_id, f"/trace/{each.trace_id}", {"span": each.span_id}, className="mono"),
                ]
            )
            for each in found.calls[:MOST_CALLS]
        ]
        parts.append(card("Calls", html.Ul(rows), actions=f"the latest {len(rows)}"))
    return parts


def _facts(found: list[Fact], has_good: bool) -> Component:
    if not found:
        none = (
            "No value, caller, thread or version distinguishes them."
            if has_good
            else "The function has no successful calls."
        )
        return html.P(none, className="none")
    head = html.Tr([html.Th("Fact"), html.Th("Failing"), html.Th("Good")])
    rows = [
        html.Tr(
            [
                html.Td([html.Span(fact.subject, className="mono"), " ", html.Span(fact.what, className="mono")]),
                html.Td(_share(fact.first, fact.of_first)),
                html.Td(_share(fact.second, fact.of_second)),
            ]
        )
        for fact in found
    ]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="functions facts")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.0f} % ({part:,} of {whole:,})"


def _sample(sample: ErrorSample, id: str) -> list[Component]:
    shown = [Value(*each) for each in sample.values]
    return [
        html.P(
            [
                when(sample.start_ns, date=True),
                f", {duration(sample.duration_ns)}, ",
                html.Span(sample.process, className="mono"),
            ]
        ),
        traceback(sample.exception or "failed without an exception", id=id),
        values("Inputs", [each for each in shown if each.data_type == "INPUT"], "none"),
    ]


def register(app: App) -> None:
    """Declare the callbacks of the decisions."""
    watch_grouping(app)

    @app.callback(
        Output("error-state", "children"),
        *(Input(f"error-{name}", "n_clicks") for name in ACTIONS),
        State("error-number", "data"),
        prevent_initial_call=True,
    )
    def decide(*given: Any) -> Any:
        name = str(ctx.triggered_id or "").removeprefix("error-")
        if name not in ACTIONS or not any(given[:-1]):
            return no_update
        group_id, now_ns, triage = int(given[-1]), app.now_ns(), app.reader.triage()
        if name == "resolve":
            triage.resolve(group_id, now_ns)
        elif name == "ignore":
            triage.ignore(group_id, now_ns)
        else:
            triage.open_again(group_id, now_ns)
        window = Window.last("6h", now_ns)
        return state(app.reader.read_error_group(group_id, window).group, app.reader, window)


PAGE = Page(path="/errors/<group>", title="Error", layout=layout, register=register)
