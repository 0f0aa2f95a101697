"""A function in full: figures, source, variables, durations, history, failures, callers and callees."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.charts.function_charts import day, latency
from obsv.dashboards.clock import ago, count, duration, percent, when
from obsv.dashboards.components import badge, card, empty, link, place, source
from obsv.dashboards.components.estimate import about, counted
from obsv.dashboards.components.log_lines import log_list
from obsv.dashboards.components.values import value_text
from obsv.nouns import plural
from obsv.store.figures import Failure, FunctionReport, LogLine, Milestone, Neighbour, Sums, Variable
from obsv.store.ground import raised_line
from obsv.store.spans import failing_line

NEIGHBOURS = 8


def function_report(
    found: FunctionReport, milestones: list[Milestone], lines: list[LogLine], now_ns: int
) -> list[Component]:
    """Return the report of a function.

    Args:
        found: the function's data.
        milestones: deployments and new versions in the window.
        lines: the latest log records made in its calls.
        now_ns: Unix time.
    """
    return [_head(found, now_ns), _stats(found), _columns(found, milestones, lines, now_ns)]


def _head(found: FunctionReport, now_ns: int) -> Component:
    about: list[Any] = [badge(service) for service in found.services]
    if found.feed:
        about.append(badge(f"feed {found.feed}", "accent"))
    last: list[Any] = []
    if found.last_ns is not None:
        last = [f"last call {ago(found.last_ns, now_ns)} · ", when(found.last_ns, date=True)]
    here = {"process": found.name, **found.window.query()}
    links = [
        link("Calls", "/explorer", here, className="button"),
        link("Failed calls", "/explorer", {**here, "status": "ERR"}, className="button"),
        link("Compare", "/compare", {"process": found.name}, className="button"),
    ]
    title = [html.H2(found.name, className="mono"), html.Div(about, className="badges")]
    return html.Div(
        [
            html.Div(title, className="code-title"),
            html.Div(last, className="muted num"),
            html.Div(links, className="page-actions"),
        ],
        className="code-head",
    )


def _stats(found: FunctionReport) -> Component:
    sums = found.sums
    tiles = [
        _tile("Calls", counted(sums.calls, sums.unrecorded), title=about(sums.unrecorded)),
        _tile("Error rate", percent(sums.error_rate), bad=sums.errors > 0, title=f"{sums.errors:,} failed"),
        _tile("Mean", _ns(sums.mean_ns)),
        *(_tile(name, _ns(sums.percentile_ns(share))) for name, share in (("P50", 0.5), ("P95", 0.95), ("P99", 0.99))),
        _tile("Longest", _ns(sums.max_ns or None)),
        *_resources(sums),
    ]
    return html.Div(tiles, className="tiles card")


def _resources(sums: Sums) -> list[Component]:
    tiles = []
    if sums.cpu_ns and sums.calls:
        tiles.append(_tile("CPU a call", duration(sums.cpu_ns / sums.calls)))
    if sums.memory_bytes and sums.calls:
        tiles.append(_tile("Memory per call", f"{sums.memory_bytes / sums.calls / 1024:+,.1f} KiB"))
    return tiles


def _tile(label: str, value: str, *, bad: bool = False, title: str | None = None) -> Component:
    tone = "tile-value err-text" if bad else "tile-value"
    return html.Div([html.Div(label, className="stat-label"), html.Div(value, className=tone)], className="tile",
                    title=title, role="group")  # fmt: skip


def _ns(value: float | None) -> str:
    return "–" if value is None else duration(value)


def _columns(found: FunctionReport, milestones: list[Milestone], lines: list[LogLine], now_ns: int) -> Component:
    left = [_source(found), card("Variables", _variables(found.variables, now_ns), flush=True)]
    right = [
        card("Durations", latency(found.sums, {"process": found.name, **found.window.query()}), actions="log scale"),
        card("Over time", day(found.history, milestones), actions=_day_legend()),
        card("Latest failures", _failures(found.failures), flush=True),
        *_logs(found, lines),
        card("Callers and callees", _neighbours(found), actions="since the file was created", flush=True),
    ]
    return html.Div(
        [html.Div(left, className="code-left"), html.Div(right, className="code-right")], className="code-columns"
    )


def _logs(found: FunctionReport, lines: list[LogLine]) -> list[Component]:
    """Return the card of the latest log records; nothing for a function that logs nothing."""
    if not lines:
        return []
    more = link("all", "/logs", {"process": found.name, **found.window.query()})
    return [card("Events and logs", log_list(lines), actions=more, flush=True)]


def _day_legend() -> list[Component]:
    colours = (("accent", "P50"), ("stale", "P95"), ("err", "P99"))
    return [html.Span([html.I(className="dot", style={"color": f"var(--{colour})"}), name], className="legend")
            for colour, name in colours]  # fmt: skip


def _source(found: FunctionReport) -> Component:
    if not found.versions:
        return card("Source", empty("No source", "This span is from other instrumentation."))
    path, first, text = found.versions[0].code
    whole = f"{path}:{first}"
    if not text:
        return card("Source", empty("No source text", f"{whole} could not be read when the function was recorded."))
    marked = next((line for each in found.failures if (line := failing_line(each.text, path, first, text))), None)
    note: list[Component] = [html.Span(place(path, first), className="mono faint ellipsis", title=whole)]
    if len(found.versions) > 1:
        changed = "The function changed while it was recorded"
        note.append(badge(f"latest of {len(found.versions)} versions", title=changed))
    shown = html.Div(source(text, first_line=first, marked=marked), className="code-source")
    return card("Source", shown, actions=note, flush=True)


def _variables(variables: list[Variable], now_ns: int) -> Component:
    if not variables:
        return empty("No variables", "No inputs or outputs were recorded.")
    head = html.Tr([html.Th(name) for name in ("Variable", "Last value", "Changed", "Seen")])
    rows = [_variable(each, now_ns) for each in variables]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="variables")


def _variable(each: Variable, now_ns: int) -> Component:
    kind = html.Span("out" if each.data_type == "OUTPUT" else "in", className=f"direction {each.data_type.lower()}")
    steady = (
        f"same value {each.repeats + 1:,} {plural(each.repeats + 1, 'time')}"
        if each.repeats
        else "only in the last call"
    )
    changed = html.Span(ago(each.changed_ns, now_ns), title=f"{steady}; changed")
    return html.Tr(
        [
            html.Th([kind, html.Span(each.name, className="mono", title=each.name)], scope="row"),
            html.Td(value_text(each.last_value or "")),
            html.Td([changed, html.Div(when(each.changed_ns, date=True), className="faint")]),
            html.Td(count(each.updates), title=f"last {ago(each.last_ns, now_ns)}"),
        ]
    )


def _failures(failures: list[Failure]) -> Component:
    if not failures:
        return empty("No failures", "None of its stored calls failed.")
    return html.Div([_failure(each) for each in failures], className="errors", role="list")


def _failure(each: Failure) -> Component:
    last = raised_line(each.text)
    cells = [when(each.start_ns, date=True), html.Span(last, className="mono ellipsis err-text", title=last)]
    there = {"trace": each.trace_id, "span": each.span_id}
    compare = link("compare", "/compare", there, className="link failure-compare")
    row = link(cells, f"/trace/{each.trace_id}", {"span": each.span_id}, className="failure-row row-link")
    return html.Div([row, compare], className="failure", role="listitem")


def _neighbours(found: FunctionReport) -> Component:
    if not (found.callers or found.callees):
        return empty("Nobody", "It has no recorded callers or callees.")
    lists = [_neighbour_list("Called by", found.callers), _neighbour_list("Calls", found.callees)]
    return html.Div(lists, className="neighbours")


def _neighbour_list(title: str, neighbours: list[Neighbour]) -> Component:
    rows = [
        html.Li([link(each.name, "/code", {"process": each.name}, className="mono ellipsis", title=each.name),
                 html.Span(count(each.calls), className="num muted"),
                 html.Span(percent(each.errors / each.calls) if each.errors and each.calls else "",
                           className="num err-text")])
        for each in neighbours[:NEIGHBOURS]
    ]  # fmt: skip
    return html.Div([html.H3(title), html.Ul(rows or [html.Li("none recorded", className="faint")])])
