"""A failed call beside a successful one."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.analysis.difference import Difference, Piece, differences
from obsv.dashboards.clock import duration, when
from obsv.dashboards.components import badge, button_link, card, empty, link, place, source, status_badge, traceback
from obsv.dashboards.components.repro import repro_button
from obsv.dashboards.components.values import LONG
from obsv.store.figures import Pair
from obsv.store.ground import Code
from obsv.store.spans import Call, failing_line


def compare_calls(pair: Pair) -> list[Component]:
    """Return the comparison of two calls.

    Args:
        pair: the calls found in the store.
    """
    if pair.good is None:
        near = "None of the stored calls of this function around it was successful."
        return [
            _head(pair),
            card("Successful call", empty("No successful call to compare with", near)),
            *_exception(pair.failed),
        ]
    found = differences(pair.failed, pair.good)
    changed = [each for each in found if not each.same]
    inputs = [each for each in changed if each.data_type == "INPUT"]
    note = f"{len(inputs)} of {sum(each.data_type == 'INPUT' for each in found)} inputs differ"
    return [
        _head(pair),
        card("Values", _values(found, pair), actions=note, flush=True),
        card("Circumstances", _circumstances(pair, pair.good), flush=True),
        *_exception(pair.failed),
        *_source(pair.failed, pair.good),
    ]


def _head(pair: Pair) -> Component:
    good = [] if pair.good is None else [_side(pair.good, _distance(pair, pair.good))]
    return html.Div([_side(pair.failed, "The inspected call"), *good], className="compare-sides")


def _distance(pair: Pair, good: Call) -> str:
    apart = duration(abs(pair.failed.start_ns - good.start_ns))
    if pair.is_chosen:
        return f"The other call, {apart} {'later' if pair.good_is_later else 'earlier'}: {good.process}"
    if pair.good_is_later:
        return f"First successful call after it, {apart} later (there is none before)"
    return f"Last successful call before it, {apart} earlier"


def _side(call: Call, title: str) -> Component:
    buttons: list[Component] = [button_link("Trace", f"/trace/{call.trace_id}", {"span": call.span_id})]
    if call.code is not None:
        buttons.append(repro_button(call.trace_id, call.span_id))
    head: list[Component] = [status_badge("ERR" if call.failed else "OK"), html.Span(title, className="muted")]
    figures: list[Any] = [
        html.B(duration(call.duration_ns)),
        " · ",
        when(call.start_ns, date=True),
        " · ",
        html.Code(call.span_id),
    ]
    return html.Div(
        [
            html.Div([html.Div(head, className="side-title"), html.Div(figures, className="num")]),
            html.Div(buttons, className="page-actions"),
        ],
        className="card compare-side",
    )


def _values(found: list[Difference], pair: Pair) -> Component:
    if not found:
        return empty("No values", "No inputs or outputs were recorded.")
    names = ("This call", "The other call") if pair.is_chosen else ("Failed call", "Successful call")
    head = html.Tr([html.Th("Variable"), *map(html.Th, names)])
    return html.Table([html.Thead(head), html.Tbody([_value(each) for each in found])], className="compare-table")


def _value(each: Difference) -> Component:
    kind = html.Span("out" if each.data_type == "OUTPUT" else "in", className=f"direction {each.data_type.lower()}")
    mark = badge("same") if each.same else badge("differs", "stale")
    name = html.Th([kind, html.Span(each.name, className="mono"), mark], scope="row")
    if each.same:
        return html.Tr([name, html.Td(_text([Piece(each.left or "", False)]), colSpan=2)], className="same")
    return html.Tr([name, _cell(each.left, each.left_pieces), _cell(each.right, each.right_pieces)])


def _cell(text: str | None, pieces: list[Piece]) -> Component:
    if text is None:
        return html.Td(html.Span("not recorded", className="faint"))
    return html.Td(_text(pieces) if text else html.Span("empty", className="faint"))


def _text(pieces: list[Piece]) -> Component:
    parts: list[Any] = [html.Mark(piece.text) if piece.differs else piece.text for piece in pieces]
    long: dict[str, Any] = {"tabIndex": 0} if sum(len(piece.text) for piece in pieces) > LONG else {}
    return html.Div(parts, className="value", **long)


def _circumstances(pair: Pair, good: Call) -> Component:
    failed = pair.failed
    rows = [
        ("Took", duration(failed.duration_ns), duration(good.duration_ns)),
        ("Called by", pair.failed_caller or "none recorded", pair.good_caller or "none recorded"),
        ("Service", failed.service, good.service),
        ("Thread", failed.thread_name or "–", good.thread_name or "–"),
        ("Depth", str(failed.depth), str(good.depth)),
        ("Source", _version(failed), _version(good)),
    ]
    if failed.cpu_ns is not None and good.cpu_ns is not None:
        rows.insert(1, ("CPU", duration(failed.cpu_ns), duration(good.cpu_ns)))
    lines = [
        html.Tr([html.Th(label, scope="row"), html.Td(one), html.Td(other)],
                className="same" if one == other or label in ("Took", "CPU") else "")
        for label, one, other in rows
    ]  # fmt: skip
    if failed.code != good.code:
        lines[-1] = html.Tr([html.Th(["Source", badge("changed", "stale")], scope="row"),
                             html.Td(_version(failed)), html.Td(_version(good))])  # fmt: skip
    return html.Table(html.Tbody(lines), className="compare-table")


def _version(call: Call) -> str:
    if call.code is None:
        return "not recorded"
    lines = len(call.code.source_text.splitlines())
    return f"{place(call.code.file_path, call.code.line_number)}, {lines} lines"


def _exception(failed: Call) -> list[Component]:
    text = failed.exception or failed.detail.get("statusMessage")
    if not text:
        return []
    more = link("all failed calls", "/explorer", {"process": failed.process, "status": "ERR"})
    return [card("Exception", traceback(str(text), "compare-exception"), actions=more)]


def _source(failed: Call, good: Call) -> list[Component]:
    """Return both versions of the source, if the function changed between the calls."""
    if failed.code is None or good.code is None or failed.code.source_text == good.code.source_text:
        return []
    line = failing_line(failed.exception, *failed.code)
    both = [
        _version_card("Source, failed call", failed.code, line),
        _version_card("Source, successful call", good.code, None),
    ]
    return [html.Div(both, className="row-1-1")]


def _version_card(title: str, code: Code, marked: int | None) -> Component:
    text = source(code.source_text, first_line=code.line_number, marked=marked)
    return card(title, html.Div(text, className="code-source"), flush=True)
