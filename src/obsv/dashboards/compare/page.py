"""Compare: a failed call with the last successful one, or a function in two time windows."""

from collections.abc import Mapping

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from obsv.dashboards.clock import local_text, when
from obsv.dashboards.compare.calls import compare_calls
from obsv.dashboards.compare.times import compare_times
from obsv.dashboards.components import card, empty, link
from obsv.dashboards.components.aria import aria
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.choice import choice
from obsv.dashboards.controls.function_select import function_select, watch_function_select
from obsv.dashboards.controls.timepicker import custom_range, watch_time_picker
from obsv.dashboards.page import App, Page, View
from obsv.errors import InvalidQuery, NotFound
from obsv.store.figures import Failure
from obsv.store.ground import Window, raised_line
from obsv.store.seam import Store
from obsv.store.spans import Call
from obsv.times import NS

MODES = (("calls", "Failed and successful call"), ("times", "Two periods"))
DAY_S = 86_400
# Offsets of window B from window A, in seconds; 0 is the length of A.
AGAINST = {"before": ("just before", 0), "day": ("a day earlier", DAY_S), "week": ("a week earlier", 7 * DAY_S)}
LISTED = 12


def layout(view: View) -> Component:
    """Return the page.

    Raises:
        InvalidQuery: the time window cannot be parsed.
        NotFound: there is no such call.
    """
    query, window = view.query, view.window()
    named = bool(query.get("trace") and query.get("span"))
    call = view.reader.read_call(query["trace"], query["span"]) if named else None
    name = call.process if call else query.get("process")
    mode = "times" if query.get("mode") == "times" else "calls"
    second = _second(query)
    other = against(window, second, view.now_ns)
    options = _options(view.reader, name, call)
    chosen = f"{call.trace_id}/{call.span_id}" if call else options[0]["value"] if options else None
    if call and query.get("other", "").count(".") == 1:
        chosen = f"{chosen}/{query['other'].replace('.', '/')}"
        options = [{"value": chosen, "label": "the two chosen calls"}, *options]
    return html.Div(
        [
            html.Div([html.H1("Compare"), function_select("compare-function", view.reader, name), _modes(mode)],
                     className="page-head"),
            html.Div(_failed_select(options, chosen, name), id="compare-calls-tools", className="compare-tools",
                     hidden=mode != "calls"),
            html.Div(_time_tools(window, other, second, view.now_ns), id="compare-times-tools",
                     className="compare-tools", hidden=mode != "times"),
            html.Div(body(view.reader, name, mode, chosen, window, other), id="compare-body"),
            dcc.Store(id="compare-address"),
        ],
        className="compare-page",
    )  # fmt: skip


def _second(query: Mapping[str, str]) -> dict[str, str]:
    """Return the address's entries for window B, as in the store `compare-b`: `against`, or `from` and `to`."""
    if query.get("b_from") and query.get("b_to"):
        return {"from": query["b_from"], "to": query["b_to"]}
    return {"against": query["against"] if query.get("against") in AGAINST else "before"}


def against(window: Window, second: Mapping[str, str], now_ns: int) -> Window:
    """Return window B.

    Args:
        window: window A.
        second: a key of `AGAINST` as `against`, or `from` and `to`.
        now_ns: Unix time.

    Raises:
        InvalidQuery: there is no such choice, or a time cannot be parsed.
    """
    if "from" in second:
        return Window.parse(second, now_ns)
    if second["against"] not in AGAINST:
        raise InvalidQuery(f"A period can be compared with {', '.join(AGAINST)}, not {second['against']!r}.")
    by_ns = AGAINST[second["against"]][1] * NS or window.end_ns - window.start_ns
    return Window(window.start_ns - by_ns, window.end_ns - by_ns)


def body(
    reader: Store, name: str | None, mode: str, chosen: str | None, first: Window, second: Window
) -> list[Component]:
    """Return everything below the tools.

    Args:
        reader: reader of the store.
        name: name of the function; None if none is chosen.
        mode: `calls` or `times`.
        chosen: `<trace id>/<span id>` of the failed call, and behind them those of another; None if there is none.
        first: window A, when periods are compared.
        second: window B.
    """
    if not name:
        return [_start(reader, first)]
    try:
        if mode == "times":
            return compare_times(reader.read_times(name, first, second))
        if not chosen:
            reader.failures(name)  # an unknown function must not be reported as one without failures
            text = "None of its stored calls failed. You can still compare two periods."
            return [card(name, empty("No failed calls", text))]
        trace_id, span_id, *other = chosen.split("/")
        return compare_calls(reader.read_pair(trace_id, span_id, (other[0], other[1]) if len(other) == 2 else None))
    except NotFound as error:
        return [empty("Not found", str(error), link("Start over", "/compare"))]


def _start(reader: Store, window: Window) -> Component:
    """Return the start page, without a function: the latest errors to choose from."""
    errors = reader.latest_errors(window, LISTED)
    if not errors:
        return empty(
            "Choose a function", "Nothing failed in this period. Find a function above to compare two periods."
        )
    rows = [
        link(
            [when(each.start_ns),
             html.Span(each.process, className="mono ellipsis"),
             html.Span(raised_line(each.exception), className="mono ellipsis err-text")],
            "/compare", {"trace": each.trace_id, "span": each.span_id}, className="error-row row-link",
        )
        for each in errors
    ]  # fmt: skip
    note = "compare one with the last successful call"
    return card("Latest errors", html.Div(rows, className="errors"), actions=note, flush=True)


def _modes(mode: str) -> Component:
    control = choice("compare-mode", MODES, mode, "What to compare")
    return html.Div(control, className="page-tools")


def _options(reader: Store, name: str | None, call: Call | None = None) -> list[dict[str, str]]:
    """Return the latest failed calls of a function, including the given one."""
    if not name:
        return []
    try:
        found = reader.failures(name)
    except NotFound:
        return []
    if call is not None and all(each.span_id != call.span_id for each in found):
        text = call.exception or str(call.detail.get("statusMessage") or "")
        found = [Failure(call.start_ns, call.duration_ns, call.trace_id, call.span_id, text), *found]
    return [_option(each) for each in found]


def _option(each: Failure) -> dict[str, str]:
    last = raised_line(each.text)
    text = f"{local_text(each.start_ns, date=True)}  {last}"
    return {"value": f"{each.trace_id}/{each.span_id}", "label": text if len(text) <= 110 else text[:110] + "…"}


def _hint(name: str | None) -> str:
    return "This function has no failed calls" if name else "Find a function first"


def _failed_select(options: list[dict[str, str]], chosen: str | None, name: str | None) -> list[Component]:
    select = dmc.Select(
        id="compare-failed",
        data=options,
        value=chosen,
        size="xs",
        className="compare-failed",
        placeholder=_hint(name),
        maxDropdownHeight=360,
        **aria(label="Failed call"),
    )
    return [html.Span("Failed call", className="muted"), select]


def _time_tools(window: Window, other: Window, second: dict[str, str], now_ns: int) -> list[Component]:
    choices = [*((name, label) for name, (label, _) in AGAINST.items()), ("custom", "Custom")]
    against = choice("compare-against", choices, second.get("against", "custom"), "Window B")
    return [
        html.Span([html.B("A"), " "], className="muted"),
        time_picker("compare-time", window, now_ns=now_ns),
        html.Span(["against ", html.B("B")], className="muted"),
        against,
        # The current window B is the initial value of the fields.
        custom_range("compare-b", other, now_ns=now_ns, shown="from" in second),
        dcc.Store(id="compare-b", data=second),
    ]


def register(app: App) -> None:
    """Declare the callbacks."""
    watch_time_picker(app, "compare-time")
    watch_function_select(app, "compare-function")

    @app.callback(
        Output("compare-failed", "data"),
        Output("compare-failed", "value"),
        Output("compare-failed", "placeholder"),
        Input("compare-function", "value"),
        State("compare-failed", "value"),
        prevent_initial_call=True,
    )
    def choose(name: str | None, _: str | None) -> tuple[list[dict[str, str]], str | None, str]:
        options = _options(app.reader, name)
        return options, options[0]["value"] if options else None, _hint(name)

    @app.callback(
        Output("compare-body", "children"),
        Input("compare-failed", "value"),
        Input("compare-mode", "value"),
        Input("compare-time-window", "data"),
        Input("compare-b", "data"),
        State("compare-function", "value"),
        prevent_initial_call=True,
    )
    def refresh(
        chosen: str | None, mode: str, window: dict[str, str], second: dict[str, str], name: str | None
    ) -> list[Component]:
        now_ns = app.now_ns()
        first = Window.parse(window, now_ns)
        return body(app.reader, name, mode, chosen, first, against(first, second, now_ns))

    app.clientside(
        "compareAgainst", Output("compare-b", "data"), Output("compare-b-custom", "style"),
        Input("compare-against", "value"), Input("compare-b-from", "value"), Input("compare-b-to", "value"),
        prevent_initial_call=True,
    )  # fmt: skip

    app.clientside(
        "compareChosen", Output("compare-address", "data"), Input("compare-function", "value"),
        Input("compare-failed", "value"), Input("compare-mode", "value"), Input("compare-b", "data"),
        prevent_initial_call=True,
    )  # fmt: skip


PAGE = Page(
    path="/compare",
    title="Compare",
    layout=layout,
    register=register,
    icon="compare",
    key="m",
    subject="process",
)
