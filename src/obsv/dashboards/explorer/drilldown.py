"""One call in full: source beside values, exception and durations; below, its position in its trace."""

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.charts import chart
from obsv.dashboards.charts.axis import duration_axis
from obsv.dashboards.clock import duration, local, when
from obsv.dashboards.components import badge, button_link, place, source, status_badge, traceback, values
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.explain import explain_button
from obsv.dashboards.components.link import address
from obsv.dashboards.components.repro import repro_button
from obsv.dashboards.controls.mark import mark_button
from obsv.dashboards.controls.share import share_button
from obsv.dashboards.theme import figure
from obsv.store.spans import MOST_POINTS, Detail, ListedCall, Point, Relative

INDENT_PX = 14
MiB = 1 << 20
HALF_HOUR_NS = 1_800_000_000_000


def drilldown(found: Detail, exact: Mapping[str, str] | None = None) -> Component:
    """Return the call.

    Args:
        found: result of `store.detail`.
        exact: longer texts of inputs, which were kept because the call failed.
    """
    call = found.call
    right = [
        _values("Inputs", call, "INPUT", exact),
        _values("Outputs", call, "OUTPUT"),
        _exception(call),
        _durations(found),
    ]
    return html.Article(
        [
            _head(found),
            html.Div([_source(found), html.Div(list(filter(None, right)), className="drill-right")], className="drill"),
            _place(found),
        ],
        className="drilldown",
        tabIndex=-1,
        **aria(label=f"Call of {call.process}"),
    )


def _head(found: Detail) -> Component:
    call = found.call
    facts = [
        html.Span([html.B(duration(call.duration_ns)), " long"]),
        html.Span(["started ", when(call.start_ns, date=True)]),
        html.Span(call.service, title="service"),
        html.Span(found.thread, title="thread") if found.thread else None,
        html.Span(f"CPU {duration(found.cpu_ns)}") if found.cpu_ns is not None else None,
        html.Span(f"memory {found.memory_bytes / MiB:+.2f} MiB") if found.memory_bytes is not None else None,
    ]
    links: list[Component] = [
        button_link("Trace", f"/trace/{call.trace_id}", {"span": call.span_id}),
        button_link("Function", "/code", {"process": call.process}),
    ]
    if call.status == "ERR":
        links.append(button_link("Compare", "/compare", {"trace": call.trace_id, "span": call.span_id}))
    links.append(mark_button(call.trace_id, call.span_id))
    if found.source is not None:
        links.append(repro_button(call.trace_id, call.span_id))
    links.append(explain_button(call.trace_id, call.span_id))
    links.append(share_button(call.trace_id, f"/trace/{call.trace_id}?span={call.span_id}"))
    title = html.H2([status_badge(call.status), html.Span(call.process, className="mono", title=call.process)])
    return html.Header(
        [
            html.Div([title, html.Div(list(filter(None, facts)), className="facts")], className="drill-title"),
            html.Div(links, className="drill-links"),
        ]
    )


def _source(found: Detail) -> Component:
    if found.source is None:
        text = "This span is from other instrumentation: its source was not recorded."
        return html.Section([html.H3("Source"), html.P(text, className="muted")], className="drill-left")
    path, line = found.file_path or "", found.failing_line or found.first_line
    return html.Section(
        [
            html.H3(["Source ", html.Span(place(path, line), className="mono faint ellipsis", title=f"{path}:{line}")]),
            source(found.source, first_line=found.first_line, marked=found.failing_line),
        ],
        className="drill-left",
    )


def _values(title: str, call: ListedCall, data_type: str, exact: Mapping[str, str] | None = None) -> Component:
    shown = (value for value in call.values if value.data_type == data_type)
    return values(title, shown, "none", process=call.process, exact=exact)


def _exception(call: ListedCall) -> Component | None:
    if not call.exception:
        return None
    part = [html.H3("Exception"), traceback(call.exception, "explorer-exception")]
    return html.Section(part, className="panel-part")


def _durations(found: Detail) -> Component:
    few = len(found.points) < MOST_POINTS
    reach = "30 minutes before this call" if few else f"{MOST_POINTS:,} calls before this one"
    head = html.H3(["Durations ", html.Span(reach, className="faint")])
    return html.Section([head, _sparkline(found)], className="panel-part")


def _sparkline(found: Detail) -> Component:
    call = found.call
    single = all(point.calls == 1 for point in found.points)
    fine = [point for point in found.points if not point.failed]
    traces = [
        {
            **_series(fine, "markers" if single else "lines", "#3e8ef7"),
            "name": "call" if single else "mean per minute",
        },
        {**_series([point for point in found.points if point.failed], "markers", "#e55353"), "name": "failed"},
        {
            **_series([Point(call.start_ns, call.duration_ns, False, 1)], "markers", "#e55353"),
            "marker": {
                "size": 11,
                "color": "#e55353" if call.status == "ERR" else "#3e8ef7",
                "line": {"width": 2, "color": "#e6edf3"},
                "symbol": "diamond",
            },
            "name": "this call",
            "cliponaxis": False,
        },
    ]
    # A single call would otherwise be shown in a window of a millisecond.
    window = [f"{local(call.start_ns + by):%Y-%m-%d %H:%M:%S}" for by in (-HALF_HOUR_NS, HALF_HOUR_NS // 15)]
    span = {"range": window} if len(found.points) < 2 else {}
    layout = figure(
        traces,
        yaxis=duration_axis(value for each in traces for value in each["y"]),
        xaxis={"nticks": 5, "fixedrange": True, **span},
        hovermode="closest",
    )
    return chart(layout, height=150, label="Durations of the last 30 minutes, with this call marked")


def _series(points: list[Point], mode: str, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": mode,
        "x": [f"{local(point.start_ns):%Y-%m-%d %H:%M:%S.%f}" for point in points],
        "y": [point.duration_ns for point in points],
        "customdata": [duration(point.duration_ns) for point in points],
        "marker": {"size": 4, "color": colour, "opacity": 0.75},
        "line": {"color": colour, "width": 1.5},
        "hovertemplate": "%{customdata}<br>%{x|%H:%M:%S.%L}",
    }


def _place(found: Detail) -> Component:
    start = min(relative.start_ns for relative in found.relatives)
    length = max(relative.start_ns + relative.duration_ns for relative in found.relatives) - start or 1
    rows = [_relative(found.call, relative, start, length) for relative in found.relatives]
    more = (
        [html.P("…and more calls below it. Open the trace to see them.", className="faint")]
        if found.more_children
        else []
    )
    return html.Section([html.H3("Position in its trace"), html.Div(rows, className="place", role="list"), *more])


def _relative(call: ListedCall, each: Relative, start: int, length: int) -> Component:
    left, width = (each.start_ns - start) / length * 100, max(each.duration_ns / length * 100, 0.2)
    where = {"left": f"{left:.3f}%", "width": f"{width:.3f}%"}
    cells = [
        html.Span(each.process, style={"paddingLeft": f"{each.level * INDENT_PX}px"}, className="mono ellipsis"),
        html.Div(html.Div(className="bar err" if each.failed else "bar", style=where), className="bar-track"),
        html.Span(duration(each.duration_ns), className="num"),
        badge("here", "accent") if each.here else html.Span(),
    ]
    if each.here:
        return html.Div(cells, className="relative here", role="listitem", **aria(current="true"))
    token = f"{call.trace_id}.{each.span_id}"
    # explorer.js opens it if it is present.
    in_place: dict[str, Any] = {"data-call": token}
    near = html.A(cells, href=address("/explorer", {"call": token, "range": "24h"}), className="relative", **in_place)
    return html.Div(near, role="listitem")
