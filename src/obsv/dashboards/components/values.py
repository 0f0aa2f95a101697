"""The values of a call: a table of names, each with its text or, of a container, a tree that folds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.analysis.value_tree import MOST_ROWS, Node, as_json, as_python, tree_of
from obsv.dashboards.components.aria import aria
from obsv.nouns import counted
from obsv.store.seam import Store
from obsv.store.spans import Call, Value

LONG, LINES = 90, 3
# A tree shows more than its line only for texts that do not fit there.
SHORT = 60
SUMMARY = 120
# Of a longer text, a copy is not put into the page a second and a third time.
MOST_COPIED = 20_000


def values(
    title: str, items: Iterable[Value], none: str, *, process: str = "", exact: Mapping[str, str] | None = None
) -> Component:
    """Return a list of values.

    Args:
        title: its heading.
        items: the values; their texts are shown unchanged.
        none: text to show if there are none.
        process: the function, for a search by one of the values; "" for none.
        exact: longer texts of some, which were kept because the call failed.
    """
    rows = [_row(item, process, (exact or {}).get(item.name)) for item in items]
    body = html.Table(html.Tbody(rows), className="value-table") if rows else html.P(none, className="none")
    return html.Section([html.H3(title), body], className="panel-part", **aria(label=title))


def exact_texts(reader: Store, call: Call) -> dict[str, str]:
    """Return the longer texts of a failed call's inputs; none where none were kept."""
    kept = reader.read_exact(call) if call.has_exact else None
    return kept if isinstance(kept, dict) else {}


def value_text(text: str) -> Component:
    """Return a value's text; long text can be scrolled with the keyboard."""
    long: dict[str, Any] = {"tabIndex": 0} if len(text) > LONG or text.count("\n") > LINES else {}
    return html.Div(text, className="value", **long)


def value_tree(text: str) -> Component:
    """Return a value: its text, or a tree where it is a long container or a text of several lines."""
    top = tree_of(text)
    if top.kind == "atom" or (top.kind != "text" and len(text) <= SHORT):
        return value_text(text)
    return html.Div(_node(top, is_open=True), className="value-tree")


def _row(item: Value, process: str, exact: str | None) -> Component:
    shown = exact if exact and len(exact) > len(item.text) else item.text
    text = value_tree(shown) if shown else html.Span("empty", className="faint")
    return html.Tr([html.Th(item.name, scope="row", title=item.name), html.Td([text, _acts(item, shown, process)])])


def _acts(item: Value, shown: str, process: str) -> Component:
    """Return what can be done with a value; values.js and query.js do it."""
    copies = [_copy("Copy", shown, "as recorded")]
    if shown and len(shown) <= MOST_COPIED:
        copies += [_copy("JSON", as_json(shown), "as JSON"), _copy("Python", as_python(shown), "as Python")]
    return html.Div([*copies, *(_searches(item, process) if process else [])], className="value-acts")


def _copy(label: str, text: str, how: str) -> Component:
    told: dict[str, Any] = {"data-copied": text}
    return html.Button(label, className="value-act", title=f"Copy {how}", **told)


def _searches(item: Value, process: str) -> list[Component]:
    if len(item.text) > LONG * 2:
        return []

    def search(label: str, sign: str, title: str) -> Component:
        told: dict[str, Any] = {
            "data-asked": item.name,
            "data-value": item.text,
            "data-process": process,
            "data-sign": sign,
        }
        return html.Button(label, className="value-act", title=title, **told)

    return [
        search("only this", "only", f"Show only calls with this {item.name}"),
        search("not this", "not", f"Show only calls with another {item.name}"),
    ]


def _node(node: Node, *, is_open: bool = False) -> Component:
    label: list[Component] = [html.Span(node.label, className="tree-label")] if node.label else []
    if node.kind == "text":
        inner: Component = html.Pre(node.lines, className="tree-text", tabIndex=0)
        return _fold(
            [*label, html.Span(f"text of {counted(node.lines.count(chr(10)) + 1, 'line')}", className="faint")],
            inner,
            is_open,
        )
    if not node.children:
        return html.Div([*label, html.Span(node.text, className="tree-leaf")], className="tree-line")
    count = len(node.children)
    field = counted(count, {"dict": "key", "list": "item"}.get(node.kind, "field"))
    what = field if node.kind in ("dict", "list") else f"{node.kind} · {field}"
    summary = node.text if len(node.text) <= SUMMARY else node.text[:SUMMARY] + "…"
    head: list[Component] = [
        *label,
        html.Span(what, className="tree-count"),
        html.Span(summary, className="tree-summary"),
    ]
    body: Component = _table(node) if node.columns else html.Div([_node(child) for child in node.children])
    return _fold(head, body, is_open)


def _fold(head: Sequence[Component], body: Component, is_open: bool) -> Component:
    return html.Details(
        [html.Summary(list(head)), html.Div(body, className="tree-body")], open=is_open, className="tree-fold"
    )


def _table(node: Node) -> Component:
    """Return the first rows of a list of records with the same fields."""
    head = html.Tr([html.Th("", className="faint"), *map(html.Th, node.columns)])
    rows = [
        html.Tr([html.Th(str(at), scope="row", className="faint"), *(html.Td(cell.text) for cell in each.children)])
        for at, each in enumerate(node.children[:MOST_ROWS])
    ]
    more = len(node.children) - MOST_ROWS
    note = [html.P(f"and {more:,} more rows", className="none")] if more > 0 else []
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="tree-table")
    return html.Div([table, *note], className="tree-rows", tabIndex=0)
