"""Overview: totals compared with the previous period, latest errors, groups, functions.

A refresh sends only the parts that have changed, because everything sent is drawn again.
"""

from typing import Any
from zlib import crc32

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from obsv.dashboards.charts import chart, sparkline
from obsv.dashboards.charts.axis import cap, count_axis, cut_marks, time_axis
from obsv.dashboards.charts.milestones import milestone_marks
from obsv.dashboards.clock import count, duration, local, percent, when
from obsv.dashboards.components import card, empty, link, stat, stat_figures
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.change import Change, change
from obsv.dashboards.components.estimate import about, counted, marked
from obsv.dashboards.components.link import address
from obsv.dashboards.controls import time_picker
from obsv.dashboards.controls.timepicker import watch_time_picker
from obsv.dashboards.page import App, Page, View
from obsv.dashboards.theme import DARK, figure
from obsv.nouns import plural
from obsv.store.figures import ErrorCall, ErrorGroup, FunctionSums, GroupSums, Milestone, Overview, PeriodTotals
from obsv.store.ground import Window, raised_line
from obsv.store.seam import Store

ACCENT, ERR, STALE = (DARK[name] for name in ("accent", "err", "stale"))
GROUPS = 8
CAUSES = 10
STATS = (
    ("rate", "Error rate"),
    ("speed", "Throughput"),
    ("p95", "P95 of all functions"),
    ("failing", "Failing functions"),
)
HINTS = {
    "p95": "Over the calls of all functions: it also changes when the mix of functions changes",
    "speed": "Calls per second during the time in which calls were recorded",
    "failing": "Functions with at least one failed call, out of all that were called",
}
# The parts that a refresh may change, and which property of the component that is.
PARTS = {
    **{name: "children" for name, _ in STATS},
    **{f"{name}-line": "figure" for name, _ in STATS},
    "traffic": "figure",
    **dict.fromkeys(("groups", "errors", "all", "slowest", "changed"), "children"),
}
AGAINST_BEFORE = "mean, compared with the previous period"


def layout(view: View) -> Component:
    """Return the filled page.

    Raises:
        InvalidQuery: the address's time range cannot be parsed.
    """
    window = view.window()
    tools = html.Div(time_picker("overview-time", window, now_ns=view.now_ns), className="page-tools")
    shown = parts(view.reader.read_overview(window), _causes(view.reader, window), view.reader.read_milestones(window))
    return html.Div(
        [
            html.Div([html.H1("Overview"), tools], className="page-head"),
            html.Div(_body(shown), className="overview-body"),
            dcc.Store(id="overview-tick"),
            dcc.Store(id="overview-shown", data=_marks(shown)),
        ],
        className="overview",
    )


def _causes(reader: Store, window: Window) -> list[ErrorGroup]:
    return reader.read_error_groups(window, limit=CAUSES).groups


def parts(found: Overview, causes: list[ErrorGroup], milestones: list[Milestone]) -> dict[str, Any]:
    """Return everything that can change, by the names of `PARTS`: figures of charts, and content.

    Args:
        found: the data of the store.
        causes: error groups, the latest first.
        milestones: deployments and new versions.
    """
    here = found.window.query()
    return {
        **_stats(found, milestone_marks(milestones)),
        "traffic": _traffic(found, milestones),
        "groups": _groups(found.groups, here),
        "errors": _error_groups(causes, here) if causes else _errors(found.errors, here),
        "all": _all_errors(found, here),
        "slowest": _functions(found.slowest, here),
        "changed": _functions(found.changed, here, changed=True),
    }


def _marks(shown: dict[str, Any]) -> dict[str, int]:
    """Return a fingerprint of each part's content."""
    return {name: crc32(str(content).encode()) for name, content in shown.items()}


def _body(shown: dict[str, Any]) -> list[Component]:
    """Return everything below the head."""

    def number(name: str, label: str) -> Component:
        spark = chart(shown[f"{name}-line"], id=f"overview-{name}-line", height=40, label=f"{label} over time")
        return stat(label, shown[name], spark, id=f"overview-{name}", hint=HINTS.get(name))

    def box(name: str, title: str, actions: Any = None) -> Component:
        return card(title, shown[name], id=f"overview-{name}", actions=actions, flush=True)

    label = "Calls over time, with failed calls marked"
    traffic = chart(shown["traffic"], id="overview-traffic", height="100%", label=label)
    return [
        html.Div([number(name, label) for name, label in STATS], className="stats"),
        html.Div([card("Calls", traffic, actions=_legend()), box("groups", "Process groups")], className="row-2-1"),
        box("errors", "Errors by cause", html.Span(shown["all"], id="overview-all")),
        html.Div(
            [box("slowest", "Slowest functions", "by mean"), box("changed", "Most changed", AGAINST_BEFORE)],
            className="row-1-1",
        ),
    ]


def _stats(found: Overview, marks: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    now, before, times = found.now, found.before, [_local(each.start_ns) for each in found.bins]
    per_bin: list[PeriodTotals] = [each.totals for each in found.bins]
    rates: list[float | None] = [each.error_rate * 100 if each.calls else None for each in per_bin]
    speeds: list[float | None] = [each.throughput for each in per_bin]
    p95s: list[float | None] = [each.p95_ns / 1e6 if each.p95_ns is not None else None for each in per_bin]
    p95 = duration(now.p95_ns) if now.p95_ns is not None else "–"
    calls, step = (now.calls, before.calls), _step_ms(found)
    worse = change(now.error_rate, before.error_rate, less_is_better=True, calls=(now.errors, before.errors))
    slower = change(now.p95_ns, before.p95_ns, less_is_better=True, calls=calls)
    busier = change(now.throughput, before.throughput, less_is_better=None, calls=calls)

    def figures(text: str, change: Change | None) -> list[Component]:
        return stat_figures(marked(text, now.unrecorded), **_told(change), about=about(now.unrecorded))

    return {
        "rate": figures(percent(now.error_rate), worse),
        "rate-line": sparkline(times, rates, colour=ERR, unit=" %", step_ms=step, marks=marks),
        "speed": figures(f"{_rate(now.throughput)}/s", busier),
        "speed-line": sparkline(times, speeds, colour=ACCENT, unit="/s", step_ms=step, marks=marks),
        "p95": figures(p95, slower),
        "p95-line": sparkline(times, p95s, colour=STALE, unit=" ms", step_ms=step, marks=marks),
        **_failing(found, times, marks),
    }


def _told(found: Change | None) -> dict[str, Any]:
    """Return a change as arguments of `stat_figures`."""
    return {} if found is None else {"change": found.text, "good": found.good}


def _failing(found: Overview, times: list[str], marks: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the number of failing functions: one failing function differs from all of them failing."""
    errors: list[float | None] = [float(each.totals.errors) for each in found.bins]
    more = found.failing - found.failing_before
    told: dict[str, Any] = {"change": f"{more:+d}", "good": more < 0} if more and found.before.calls else {}
    return {
        "failing": stat_figures(f"{found.failing:,}", unit=f"of {found.functions:,}", **told),
        "failing-line": sparkline(times, errors, colour=ERR, unit=" errors", step_ms=_step_ms(found), marks=marks),
    }


def _step_ms(found: Overview) -> int:
    """Return the length of a bin."""
    starts = [each.start_ns for each in found.bins[:2]]
    return (starts[1] - starts[0]) // 1_000_000 if len(starts) == 2 else 60_000


def _traffic(found: Overview, milestones: list[Milestone]) -> dict[str, Any]:
    times = [_local(each.start_ns) for each in found.bins]
    fine = [each.totals.calls - each.totals.errors for each in found.bins]
    failed = [each.totals.errors for each in found.bins]
    bars = [
        {"type": "bar", "x": times, "y": fine, "name": "OK", "marker": {"color": ACCENT, "opacity": 0.75}},
        {"type": "bar", "x": times, "y": failed, "name": "ERR", "marker": {"color": ERR}},
    ]
    for bar in bars:
        bar["hovertemplate"] = "%{y:,}"
    calls = [float(each.totals.calls) for each in found.bins]
    marked = milestone_marks(milestones)
    marks = cut_marks(times, calls, cap(calls), count) + marked["annotations"]
    return figure(
        bars, barmode="stack", bargap=0.25, yaxis=count_axis(calls), xaxis=time_axis(), dragmode="zoom",
        annotations=marks, shapes=marked["shapes"], margin={"t": 20 if marks else 8}, meta={"step_ms": _step_ms(found)},
    )  # fmt: skip


def _legend() -> list[Component]:
    return [html.Span([html.I(className="dot", style={"color": colour}), name], className="legend")
            for name, colour in (("OK", ACCENT), ("ERR", ERR))]  # fmt: skip


def _groups(groups: list[GroupSums], here: dict[str, str]) -> Component:
    if not groups:
        return empty("No calls in this period")
    total = sum(group.calls for group in groups)
    names = ("Group", "Calls", "Share", "Errors")
    head = html.Div([html.Span(name) for name in names], className="share share-head", **aria(hidden=True))
    rows = [_group(group, group.calls / total, here) for group in groups[:GROUPS]]
    return html.Div([head, html.Div(rows, role="list")], className="shares")


def _group(group: GroupSums, share: float, here: dict[str, str]) -> Component:
    failed = percent(group.errors / group.calls) if group.errors else "–"
    cells = [
        html.Span(group.name or "(none)", className="ellipsis"),
        html.Span(counted(group.calls, group.unrecorded)),
        html.Span(f"{share * 100:.0f} %"),
        html.Span(failed, className="err-text" if group.errors else "faint"),
        html.I(className="share-fill", style={"width": f"{share:.2%}"}, **aria(hidden=True)),
    ]
    calls = marked(f"{group.calls:,} {plural(group.calls, 'call')}", group.unrecorded)
    told = "; ".join(filter(None, [f"{group.name}: {calls}, {group.errors:,} failed", about(group.unrecorded)]))
    href = address("/explorer", {"group": group.name, **here})
    return _item(dcc.Link(cells, href=href, className="share row-link", title=told))


def _item(row: Component) -> Component:
    return html.Div(row, role="listitem")


def _all_errors(found: Overview, here: dict[str, str]) -> Component:
    text = f"all {count(found.now.errors)}" if found.now.errors else "all"
    return html.Span([link("causes", "/errors", here), " · ", link(text, "/explorer", {"status": "ERR", **here})])


def _error_groups(causes: list[ErrorGroup], here: dict[str, str]) -> Component:
    return html.Div([_item(_cause(each, here)) for each in causes], className="errors", role="list")


def _cause(each: ErrorGroup, here: dict[str, str]) -> Component:
    mark = " new" if each.is_new else " came back" if each.returned_ns and each.status == "open" else ""
    cells = [
        when(each.last_ns),
        html.Span(each.process, className="mono ellipsis", title=each.process),
        html.Span(
            [html.B(f"{count(each.seen)}×{mark} "), each.title], className="mono ellipsis err-text", title=each.title
        ),
    ]
    return dcc.Link(cells, href=address(f"/errors/{each.id}", here), className="error-row row-link")


# For a file written by an older obsv, which did not group errors.
def _errors(errors: list[ErrorCall], here: dict[str, str]) -> Component:
    if not errors:
        return empty("No errors in this period", "No recorded call failed.")
    return html.Div([_error(each, here) for each in errors], className="errors", role="list")


def _error(each: ErrorCall, here: dict[str, str]) -> Component:
    last = raised_line(each.exception) or "failed without an exception"
    query = {"process": each.process, "status": "ERR", **here, "call": f"{each.trace_id}.{each.span_id}"}
    cells = [
        when(each.start_ns),
        html.Span(each.process, className="mono ellipsis", title=each.process),
        html.Span(last, className="mono ellipsis err-text", title=last),
    ]
    return _item(dcc.Link(cells, href=address("/explorer", query), className="error-row row-link"))


def _functions(functions: list[FunctionSums], here: dict[str, str], *, changed: bool = False) -> Component:
    if not functions:
        text = "No comparison is possible: the previous period has too few calls." if changed else ""
        return empty("Nothing here", text)
    third = "Change" if changed else "P95"
    head = html.Tr([html.Th("Function"), html.Th("Calls"), html.Th("Mean"), html.Th(third), html.Th("Errors")])
    rows = [_function(each, here, changed) for each in functions]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="functions")


def _function(each: FunctionSums, here: dict[str, str], changed: bool) -> Component:
    name = link(each.name, "/explorer", {"process": each.name, **here}, className="mono ellipsis", title=each.name)
    p95 = duration(each.p95_ns) if each.p95_ns is not None else "–"
    third = html.Td(p95)
    if changed and each.mean_before_ns:
        third = html.Td(_changed(each, each.mean_before_ns))
    failed = percent(each.errors / each.calls) if each.errors else "–"
    errors = html.Td(failed, className="err-text" if each.errors else "faint")
    calls = html.Td(counted(each.calls, each.unrecorded), title=about(each.unrecorded))
    return html.Tr([html.Td(name), calls, html.Td(duration(each.mean_ns)), third, errors])


def _changed(each: FunctionSums, before_ns: float) -> Component | str:
    found = change(each.mean_ns, before_ns, less_is_better=True, calls=(each.calls, each.calls_before))
    if found is None:
        return "–"
    tone = {True: "good", False: "bad", None: "even"}[found.good]
    told = f"before: {duration(before_ns)}, {each.calls_before:,} calls"
    return html.Span(found.text, className=f"delta-{tone}", title=told)


def _local(ns: int) -> str:
    return f"{local(ns):%Y-%m-%d %H:%M:%S}"


def _rate(value: float) -> str:
    return count(value) if value >= 10 else f"{value:.2g}"


def register(app: App) -> None:
    """Declare the callbacks: another window, and new data."""
    watch_time_picker(app, "overview-time")
    # Once a second is more than anyone reads, and a window in the past does not change.
    app.clientside(
        "everyOther", Output("overview-tick", "data"), Input("pulse", "data"), State("overview-time-window", "data"),
        prevent_initial_call=True,
    )  # fmt: skip

    @app.callback(
        *(Output(f"overview-{name}", kind) for name, kind in PARTS.items()),
        Output("overview-shown", "data"),
        Input("overview-time-window", "data"),
        Input("overview-tick", "data"),
        State("overview-shown", "data"),
        prevent_initial_call=True,
    )
    def refresh(window: dict[str, str], _: Any, shown: dict[str, int]) -> list[Any]:
        chosen = Window.parse(window, app.now_ns())
        milestones = app.reader.read_milestones(chosen)
        found = parts(app.reader.read_overview(chosen), _causes(app.reader, chosen), milestones)
        marks = _marks(found)
        return [*(no_update if marks[name] == shown.get(name) else found[name] for name in PARTS), marks]


PAGE = Page(path="/", title="Overview", layout=layout, register=register, icon="overview", key="o")
