"""Highlighted source."""

from typing import Any

import pytest

from obsv.dashboards.components import place, source

TEXT = 'def price(a):\n    """Not\n    <b>markup</b>."""\n    return a  # done\n'


def lines(component: Any) -> list[Any]:
    return list(component.children.children)


def text(node: Any) -> str:
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return "".join(map(text, node))
    return text(node.children) if node.children is not None else ""


def test_every_line_is_kept_as_text() -> None:
    """The recorded source is shown unchanged, each line with its number in the file."""
    shown = [(text(line.children[0]), text(line.children[1])) for line in lines(source(TEXT, first_line=10))]
    assert shown == [(str(10 + at), line) for at, line in enumerate(TEXT.splitlines())]


def test_the_failing_line_is_marked() -> None:
    """One line, by its number in the file."""
    marked = [
        text(line.children[0]) for line in lines(source(TEXT, first_line=10, marked=13)) if "marked" in line.className
    ]
    assert marked == ["13"]


def test_tokens_over_several_lines_keep_their_colour() -> None:
    """A docstring is a string on each of its lines."""
    kinds = [
        part.className
        for line in lines(source(TEXT))[1:3]
        for part in line.children[1].children
        if not isinstance(part, str)
    ]
    assert kinds == ["tok-s", "tok-s"]


def test_any_text_is_shown() -> None:
    """Text that is no Python, and none at all."""
    assert text(lines(source("]]>\x00 not python ((("))[0].children[1]) == "]]>\x00 not python ((("
    assert len(lines(source(""))) <= 1


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        ("/tmp/pytest-of-me/x/orders.py", 12, "orders.py:12"),
        (r"C:\\work\\orders.py", 12, "orders.py:12"),
        ("<stdin>", 1, "<stdin>:1"),
        ("orders.py", None, "orders.py"),
    ],
)
def test_a_place_is_as_its_author_calls_it(path: str, line: int | None, text: str) -> None:
    """Whatever directory it stands in."""
    assert place(path, line) == text
