"""One group of errors: its latest call, what differs from good ones, where more are, and why it is one group."""

from typing import Any

from dash import Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from obsv.analysis.separation import Fact, separate
from obsv.dashboards.clock import count, duration, when
from obsv.dashboards.components import button_link, card, facts, link, traceback, values
from obsv.dashboards.errors.page import bars, marks
from obsv.dashboards.page import App, Page, View
from obsv.errors import InvalidQuery
from obsv.store.figures import ErrorDetail, ErrorGroup, ErrorSample, ErrorWhy
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import Store
from obsv.store.spans import Value

# Calls a side: enough for shares to within five per cent.
SAMPLE = 400
MOST_FACTS, MOST_CALLS = 12, 20
ACTIONS = {
    "resolve": ("Resolve", "It comes back in versions that are first seen from now on"),
    "ignore": ("Ignore", "It is not marked again until it is opened"),
    "open": ("Open again", "As if nothing had been decided"),
}
RULES = {
    "frames": "Errors are one group by what was raised, its direct cause, and the frames of the program.",
    "stack": "Errors are one group by what was raised, its cause, and the frames of the program.",
    "message": "No frame is the program's, so the message counts, without its numbers, ids and quoted parts.",
    "attribute": "The attribute error.fingerprint says what is one group.",
}


def layout(view: View) -> Component:
    """The page, filled.

    Raises:
        InvalidQuery: what stands in the address is no number of a group, or no time range.
        NotFound: no such group.
    """
    text = view.path["group"]
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise InvalidQuery(f"{text!r} is not the number of a group of errors; Errors lists them.")
    window = view.window("6h")
    found = view.reader.read_error_group(int(text), window)
    return html.Div(
        [
            html.Div(
                [html.H1(found.group.title, className="mono"), html.Div(_tools(found, window), className="page-tools")],
                className="page-head",
            ),
            html.Div(state(found.group), id="error-state"),
            html.Div(_body(view.reader, found, window), className="error-body"),
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
    ]


def state(group: ErrorGroup) -> list[Component]:
    """What is known of a group, and what can be decided."""
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
            ("Errors", f"{count(group.total)} ever, {count(group.seen)} in this period; {caught}"),
            ("First", when(group.first_ns, date=True)),
            ("Last", when(group.last_ns, date=True)),
            ("Versions", versions or None),
            ("Resolved in", group.resolved_version if group.status == "resolved" else None),
            ("Note", group.note or None),
        ]
    )
    return [html.Div([*marks(group), *buttons], className="error-marks"), shown, bars(group.series)]


def _body(reader: Store, found: ErrorDetail, window: Window) -> list[Component]:
    group = found.group
    failing = reader.sample_group(group.id, window, SAMPLE)
    good = reader.sample_calls(Filters(process=group.process, status="OK"), window, SAMPLE)
    separated = separate(failing.calls, good.calls, MOST_FACTS)
    how = f"{len(failing.calls):,} failing against {len(good.calls):,} good calls"
    how += "" if failing.is_all and good.is_all else ", a sample"
    parts = [card("What differs in the failing calls", _facts(separated, bool(good.calls)), actions=how)]
    if found.latest is not None:
        parts.append(card("Latest", _sample(found.latest, "error-latest")))
    if found.first is not None and found.first != found.latest:
        parts.append(card("First", _sample(found.first, "error-first")))
    parts.append(card("Why this is one group", [part for why in found.why for part in _why(why)]))
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
            "No value, caller, thread or version tells them apart."
            if has_good
            else "No call of the function went well."
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
    return html.Table([html.Thead(head), html.Tbody(rows)], className="functions")


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


def _why(why: ErrorWhy) -> list[Component]:
    compared: dict[str, Any] = why.compared
    frames = [html.Li(html.Code(f"{frame['in']}: {frame['line']}")) for frame in compared.get("frames", ())]
    names = ("type", "cause", "process", "message", "value", "split_by", "library_frames")
    said = [(name.replace("_", " "), str(compared[name])) for name in names if compared.get(name)]
    return [
        html.P(RULES.get(compared.get("rule", ""), "")),
        html.Ol(frames),
        facts([*said, ("fingerprint", why.fingerprint)]),
    ]


def register(app: App) -> None:
    """Its callbacks: what is decided."""

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
        return state(app.reader.read_error_group(group_id, Window.last("6h", now_ns)).group)


PAGE = Page(path="/errors/<group>", title="Error", layout=layout, register=register)
