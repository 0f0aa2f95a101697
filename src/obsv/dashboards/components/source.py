"""Python source, highlighted, with line numbers and one marked line. Every token is a text node."""

from itertools import groupby

from dash import html
from dash.development.base_component import Component
from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

from obsv.dashboards.components.aria import aria

CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "c"),
    (Keyword, "k"),
    (Operator.Word, "k"),
    (String, "s"),
    (Number, "m"),
    (Name.Function, "n"),
    (Name.Class, "n"),
    (Name.Decorator, "n"),
    (Name.Builtin, "b"),
)
MAX_LINES = 2000


def source(text: str, *, first_line: int = 1, marked: int | None = None) -> Component:
    """Return source text.

    Args:
        text: Python source.
        first_line: line number of its first line in the file.
        marked: line number (in the file) that failed; it is marked and scrolled into view.
    """
    lines = _lines(text)[:MAX_LINES]
    rows = [_line(first_line + at, tokens, first_line + at == marked) for at, tokens in enumerate(lines)]
    return html.Div(html.Code(rows), className="source", role="region", tabIndex=0, **aria(label="Source code"))


def place(path: str, line: int | None) -> str:
    """Return the location of a function as its author writes it: `orders.py:12`. A tooltip shows the whole path."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{name}:{line}" if line else name


def _line(number: int, tokens: list[tuple[str, str]], marked: bool) -> Component:
    parts = [html.Span(text, className="tok-" + kind) if kind else text for kind, text in tokens]
    mark = {"className": "line marked", **aria(current="location")} if marked else {"className": "line"}
    return html.Span([html.I(str(number), className="line-number"), html.Span(parts or " ")], **mark)


def _lines(text: str) -> list[list[tuple[str, str]]]:
    """Return tokens by line, with neighbours of the same class joined to save elements."""
    pieces = [
        (_class_of(token), piece)
        for token, value in lex(text, PythonLexer(stripnl=False, ensurenl=False))
        for piece in value.splitlines(keepends=True)
    ]
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, group in groupby(pieces, key=lambda pair: pair[0]):
        for piece in "".join(piece for _, piece in group).splitlines(keepends=True):
            lines[-1].append((kind, piece.rstrip("\r\n")))
            if piece.endswith("\n"):
                lines.append([])
    return lines if lines[-1] else lines[:-1]


def _class_of(token: _TokenType) -> str:
    # A token type contains its subtypes.
    return next((name for kind, name in CLASSES if kind.__contains__(token)), "")
