"""The statement that contains a line of source, in a form that a formatter does not change."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Sequence

_DEFINES = re.compile(r"(\s*)(?:async\s+def|def|class)\b")
# Parts that formatters add, remove or replace: whitespace, parentheses, trailing commas, quotes, line continuations.
_FORM = re.compile(r"[\s()\[\]{},'\"\\]+")
_COMPOUND = frozenset(
    ("async", "class", "def", "elif", "else", "except", "finally", "for", "if", "match", "try", "while", "with")
)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_MOST_LINES_UP, _MOST_LINES = 2_000, 4_000
_MOST_CHARS = 1_000


def normal(text: str) -> str:
    """Return source text without differences in formatting."""
    return _FORM.sub("", text)[:_MOST_CHARS]


def statement_at(lines: Sequence[str], number: int) -> str | None:
    """Return the normal form of a statement, or of the head of a compound one.

    Args:
        lines: source, with line ends.
        number: number of a line of the statement, from 1.

    Returns:
        None if the source cannot be parsed up to there.
    """
    if not 0 < number <= len(lines):
        return None
    start = _block_start(lines, number - 1)
    given = iter(lines[start : start + _MOST_LINES])
    target = number - start
    words: list[str] = []
    first = 0
    try:
        for token in tokenize.generate_tokens(lambda: next(given, "")):
            if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
                continue
            first = first or token.start[0]
            if token.type != tokenize.NEWLINE:
                words.append(token.string)
                continue
            if first <= target <= token.end[0]:
                return normal("".join(_body(words))) or None
            if first > target:
                return None
            words, first = [], 0
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass
    return None


def _body(words: list[str]) -> list[str]:
    """Return the part of `if x: return y` that a formatter moves to its own line; otherwise everything."""
    if words[0] not in _COMPOUND:
        return words
    depth = 0
    for at, word in enumerate(words):
        depth += (word in _OPEN) - (word in _CLOSE)
        if word == ":" and not depth and "lambda" not in words[:at]:
            return words[at + 1 :] or words
    return words


def _block_start(lines: Sequence[str], at: int) -> int:
    """Return the line of the `def` or `class` around a line; the line itself if it is one, 0 if there is none."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    for index in range(at, max(-1, at - _MOST_LINES_UP), -1):
        found = _DEFINES.match(lines[index])
        if found and (index == at or len(found[1]) < indent):
            return index
    return 0
