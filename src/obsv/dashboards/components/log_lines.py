"""Log records and events beside a call or a function."""

import json
from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.clock import duration, when
from obsv.dashboards.components.badge import Kind, badge
from obsv.dashboards.components.link import link
from obsv.dashboards.components.values import value_text
from obsv.events.severity import ERROR, WARN, name_of
from obsv.store.figures import LogLine
from obsv.store.ground import read_shown


def log_lines(lines: Sequence[LogLine], start_ns: int, more: bool) -> list[Component]:
    """Return the part of a panel that shows log records; nothing where there are none.

    Args:
        lines: oldest first.
        start_ns: start of the call, Unix time: times are shown from there.
        more: whether there are more than these.
    """
    if not lines:
        return []
    rows = [html.Li([_head(line, start_ns), _attributes(line)]) for line in lines]
    rest = [html.P("There are more: obsv logs --trace shows all of them.", className="none")] if more else []
    title = html.H3(f"Events and logs ({len(lines):,}{'+' if more else ''})")
    return [html.Section([title, html.Ul(rows, className="event-list"), *rest], className="panel-part")]


def log_list(lines: Sequence[LogLine]) -> Component:
    """Return log records as rows, each a link to the call in which it was made.

    Args:
        lines: newest first; each has a trace.
    """
    rows = [html.Div(_row(line), className="failure", role="listitem") for line in lines]
    return html.Div(rows, className="errors", role="list")


def _row(line: LogLine) -> Component:
    said = _said(line)
    cells = [when(line.time_ns, date=True), _severity(line), html.Span(said, className="ellipsis", title=said)]
    return link(cells, f"/trace/{line.trace_id}", {"span": line.span_id}, className="failure-row function-log row-link")


def _severity(line: LogLine) -> Component:
    kind: Kind = "err" if line.severity >= ERROR else "stale" if line.severity >= WARN else "plain"
    return badge(name_of(line.severity) or "LOG", kind)


def _head(line: LogLine, start_ns: int) -> Component:
    after = line.time_ns - start_ns
    said = html.Span([_severity(line), " ", html.Strong(_said(line))])
    offset = ("+" if after >= 0 else "−") + duration(abs(after))
    return html.Div([said, html.Span(offset, className="faint num")])


def _said(line: LogLine) -> str:
    body = read_shown(line.body)
    text = "" if body is None else _text(body)
    return f"{line.event_name}: {text}" if line.event_name and text else line.event_name or text or line.logger


def _attributes(line: LogLine) -> Component | None:
    found = read_shown(line.attributes)
    pairs = found.items() if isinstance(found, dict) else ()
    rows = [html.Tr([html.Th(name, scope="row"), html.Td(value_text(_text(value)))]) for name, value in pairs]
    return html.Table(html.Tbody(rows), className="value-table") if rows else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
