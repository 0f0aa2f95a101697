"""A recorded value as a tree: containers with their members, texts with their lines, tables of equal records.

Recorded text is not Python (see `members`). Nothing in it is evaluated but literals.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from obsv.analysis.members import direct_members
from obsv.analysis.repro.literal import rebuild

DEEPEST = 8
# Nodes of one value: more are not read by anybody, and each costs a browser a few elements.
MOST_NODES = 600
LONGEST = 100_000
# A list of at least so many records with the same fields is a table.
LEAST_ROWS = 2
MOST_ROWS = 20


class Node(NamedTuple):
    """A part of a value.

    Attributes:
        label: its key, field or place; "" at the top.
        text: as recorded.
        kind: "atom", "text" (of several lines), "dict", "list", or the name of a record's class.
        lines: the text itself, where it is one of several lines.
        children: its members, in order.
        columns: names of the fields that all of a list's records have; empty where it is no table.
    """

    label: str
    text: str
    kind: str
    lines: str = ""
    children: tuple[Node, ...] = ()
    columns: tuple[str, ...] = ()


def tree_of(text: str) -> Node:
    """Return a recorded value as a tree, as far as its bounds go."""
    return _Builder().node("", text, 0) if len(text) <= LONGEST else Node("", text, "atom")


class _Builder:
    """A builder of one tree. `left`: nodes that may still be made."""

    def __init__(self) -> None:
        self.left = MOST_NODES

    def node(self, label: str, text: str, depth: int) -> Node:
        """Return a part of the value."""
        self.left -= 1
        lines = _lines(text)
        if lines:
            return Node(label, text, "text", lines)
        members = direct_members(text) if depth < DEEPEST and self.left > 0 else []
        if not members:
            return Node(label, text, "atom")
        children = []
        for path, name, inner in members:
            if self.left <= 0:
                break
            children.append(self.node(name or path, inner, depth + 1))
        opening = text[0]
        kind = (
            text.partition("(")[0] if opening not in "[({" else "dict" if opening == "{" and members[0][1] else "list"
        )
        return Node(label, text, kind, "", tuple(children), _columns(children) if kind == "list" else ())


def _lines(text: str) -> str:
    """Return a string's own text if it has several lines, else an empty one."""
    if "\\n" not in text or text[:1] not in ("'", '"'):
        return ""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    return value if isinstance(value, str) and "\n" in value else ""


def _columns(children: Sequence[Node]) -> tuple[str, ...]:
    if len(children) < LEAST_ROWS:
        return ()
    names = [tuple(child.label for child in each.children) for each in children]
    is_table = bool(names[0]) and all(each == names[0] for each in names) and children[0].kind != "list"
    return names[0] if is_table else ()


def as_json(text: str) -> str:
    """Return a recorded value as JSON; what no JSON says is a text."""
    return json.dumps(_plain(tree_of(text)), ensure_ascii=False, indent=2)


def _plain(node: Node) -> Any:
    if node.children:
        if node.kind != "list":
            return {child.label: _plain(child) for child in node.children}
        return [_plain(child) for child in node.children]
    if node.text in ("{}", "[]", "()"):
        return {} if node.text == "{}" else []
    try:
        value = ast.literal_eval(node.text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return node.text
    return value if value is None or isinstance(value, str | bool | int) else _number(value, node.text)


def _number(value: object, text: str) -> Any:
    # JSON has no nan and no infinity.
    return value if isinstance(value, float) and value == value and abs(value) != float("inf") else text


def as_python(text: str) -> str:
    """Return the expression for a recorded value, with what it imports above; its text where that does not tell it."""
    found = rebuild(text)
    if found is None or found.helpers:
        return text
    return "".join(f"import {name}\n" for name in sorted(found.imports)) + found.source
