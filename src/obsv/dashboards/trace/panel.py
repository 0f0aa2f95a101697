"""One span beside its trace: inputs, outputs, exception, and links."""

import json
from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.clock import duration, when
from obsv.dashboards.components import (
    badge,
    button_link,
    facts,
    link,
    log_lines,
    place,
    status_badge,
    traceback,
    values,
)
from obsv.dashboards.components.aria import aria
from obsv.dashboards.components.explain import explain_button
from obsv.dashboards.components.metric_lines import NONE, Beside, metric_lines
from obsv.dashboards.components.repro import repro_button
from obsv.dashboards.components.values import value_text
from obsv.dashboards.controls.mark import mark_button
from obsv.store.figures import Logs
from obsv.store.spans import Call

KINDS = {2: "server", 3: "client", 4: "producer", 5: "consumer"}
MOST_EVENTS = 50
CLOSES: dict[str, Any] = {"data-close": "1"}


def span_panel(
    call: Call, logs: Logs, exact: Mapping[str, str] | None = None, metrics: Beside = NONE
) -> list[Component]:
    """Return the panel's content.

    Args:
        call: the span.
        exact: longer texts of inputs, which were kept because the call failed.
        logs: log records that were made in it, newest first.
        metrics: those of its service around it.
    """
    return [
        _head(call),
        html.Div(
            [
                _actions(call),
                _facts(call),
                *_failure(call),
                *log_lines(logs.lines[::-1], call.start_ns, logs.cursor is not None),
                *_values(call, exact),
                *_events(call),
                *_links(call),
                *metric_lines(metrics, call.service, call.start_ns),
            ],
            className="panel-body",
        ),
    ]


def _head(call: Call) -> Component:
    about = [status_badge("ERR" if call.failed else "OK"), badge(call.service)]
    if call.kind in KINDS:
        about.append(badge(KINDS[call.kind]))
    close = html.Button(
        html.I(className="icon icon-close"),
        id="trace-panel-close",
        className="icon-button",
        title="Close (Esc)",
        **CLOSES,
        **aria(label="Close"),
    )
    return html.Header([html.Div([html.H2(call.process), html.Div(about, className="badges")]), close])


def _actions(call: Call) -> Component:
    here = {"trace": call.trace_id, "span": call.span_id}
    buttons: list[Component] = [button_link("Similar calls", "/explorer", {"process": call.process})]
    if call.code is not None:
        buttons.append(button_link("Code", "/code", {"process": call.process}))
        buttons.append(repro_button(call.trace_id, call.span_id))
    if call.failed:
        buttons.append(button_link("Compare", "/compare", here))
    buttons.append(explain_button(call.trace_id, call.span_id))
    buttons.append(mark_button(call.trace_id, call.span_id))
    return html.Div(buttons, className="panel-actions")


def _facts(call: Call) -> Component:
    thread = f"{call.thread_name} ({call.thread_id})" if call.thread_name else call.thread_id
    memory = None if call.memory_bytes is None else f"{call.memory_bytes / 1024:+,.1f} KiB"
    code = call.code
    file = code and html.Code(
        place(code.file_path, code.line_number), className="wrap", title=f"{code.file_path}:{code.line_number}"
    )
    return facts(
        (
            ("Started", when(call.start_ns, date=True)),
            ("Took", duration(call.duration_ns)),
            ("CPU", None if call.cpu_ns is None else duration(call.cpu_ns)),
            ("Memory", memory),
            ("Group", call.process_group or None),
            ("Feed", call.feed),
            ("Thread", thread),
            ("File", file),
            ("Span", html.Code(call.span_id)),
        )
    )


def _failure(call: Call) -> list[Component]:
    message = call.detail.get("statusMessage")
    if call.exception is None:
        return [html.P(str(message), className="status-message")] if call.failed and message else []
    part = [html.H3("Exception"), traceback(call.exception, "trace-exception")]
    return [html.Section(part, className="panel-part", **aria(label="Exception"))]


def _values(call: Call, exact: Mapping[str, str] | None) -> list[Component]:
    return [
        values("Inputs", call.inputs, "No inputs were recorded.", process=call.process, exact=exact),
        values("Outputs", call.outputs, "No outputs were recorded.", process=call.process),
    ]


def _events(call: Call) -> list[Component]:
    events = call.detail.get("events") or []
    if not events:
        return []
    rows = [html.Li([_event(event, call), _attributes(event.get("attributes"))]) for event in events[:MOST_EVENTS]]
    more = [html.P(f"and {len(events) - MOST_EVENTS:,} more", className="none")] if len(events) > MOST_EVENTS else []
    title = f"Events ({len(events):,})"
    return [html.Section([html.H3(title), html.Ul(rows, className="event-list"), *more], className="panel-part")]


def _event(event: dict[str, Any], call: Call) -> Component:
    return html.Div([html.Strong(str(event.get("name", ""))), html.Span(_offset(event, call), className="faint num")])


def _offset(event: dict[str, Any], call: Call) -> str:
    after = int(event.get("timeUnixNano") or call.start_ns) - call.start_ns
    return ("+" if after >= 0 else "−") + duration(abs(after))


def _links(call: Call) -> list[Component]:
    links = call.detail.get("links") or []
    if not links:
        return []
    rows = [html.Li([_to_trace(one), _attributes(one.get("attributes"))]) for one in links[:MOST_EVENTS]]
    return [
        html.Section(
            [html.H3(f"Links ({len(links):,})"), html.Ul(rows, className="event-list")], className="panel-part"
        )
    ]


def _to_trace(one: dict[str, Any]) -> Component:
    trace_id, span_id = str(one.get("traceId", "")), str(one.get("spanId", ""))
    if not (trace_id.isalnum() and span_id.isalnum()):
        return html.Code(trace_id)
    return link(html.Code(f"{trace_id} / {span_id}", className="wrap"), f"/trace/{trace_id}", {"span": span_id})


def _attributes(pairs: Any) -> Component | None:
    """Return OTLP KeyValues as a table."""
    rows = [
        html.Tr([html.Th(str(pair.get("key", "")), scope="row"), html.Td(value_text(_text(pair)))])
        for pair in pairs or []
    ]
    return html.Table(html.Tbody(rows), className="value-table") if rows else None


def _text(pair: dict[str, Any]) -> str:
    value = pair.get("value") or {}
    plain = [content for content in value.values() if isinstance(content, str | int | float | bool)]
    return str(plain[0]) if len(value) == len(plain) == 1 else json.dumps(value, ensure_ascii=False)
