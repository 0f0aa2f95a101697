"""The end of a value in free text."""

from __future__ import annotations

import re
from typing import TypeAlias

from obsv.capture.secrets.patterns import patterns

_QUOTE = re.compile(r"[bBrRuUfF]{0,2}(\\{0,8})(\"\"\"|'''|\"|')")
_GROUP = re.compile(r"(?:[A-Za-z_][\w.]{0,128})?[(\[{]")
_GROUP_PART = re.compile(r"[()\[\]{}\"']")
_OBJECT = re.compile(r"<[^<>\n]{0,512}>")
# The end of a line, and empty lines of a block of YAML after it.
_MORE = re.compile(r"\n(?:[ \t]{0,64}\r?\n){0,16}")
_LITERAL = re.compile(r"[^,}\])\n]*")
# A separator ends a value only before another key: `a,b` can be one password.
_RUN = re.compile(r"[^\s&,;]*(?:[&,;](?![\w.\-%\[\]]{1,64}=)[^\s&,;]*)*")
_SCHEME = re.compile(r"(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)[ \t]", re.IGNORECASE)
# Offsets of the first character and after the last one.
Span: TypeAlias = tuple[int, int]

_CLOSERS = ")]}>\"',;"


class ValueFinder:
    """A finder of the ends of values in one text; its unsuccessful reads are bounded by the text's length.

    Every method takes the offset at which a value begins, and returns the offsets to mask: inside the quotes, if any;
    None if
    there is no value.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._budget = 2 * len(text) + 1_000

    def quoted(self, start: int) -> Span | None:
        """Return a quoted value, or the rest of the line if the quote is not closed; None if there is no quote."""
        opening = _QUOTE.match(self._text, start)
        if opening is None:
            return None
        inside = opening.end()
        end = self._closing(opening[1] + opening[2], inside)
        return inside, self._line_end(inside) if end is None else end

    def literal(self, start: int) -> Span | None:
        """Return the value after a quoted key, as written by Python or JSON."""
        found = self.quoted(start) or self._group(start)
        if found:
            return found
        match = _OBJECT.match(self._text, start) or _LITERAL.match(self._text, start)
        return match.span() if match and match[0] else None

    def block(self, start: int) -> Span | None:
        """Return the value after `key: |` in YAML: the lines that are indented as far as the first; None otherwise."""
        opening = patterns().block.match(self._text, start)
        if opening is None:
            return None
        first, indent = self._text.rfind("\n", 0, start) + 1, opening["indent"]
        if len(indent) <= len(self._text[first:start]) - len(self._text[first:start].lstrip(" \t")):
            return None
        end = self._line_end(opening.end())
        while (following := _MORE.match(self._text, end)) and self._text.startswith(indent, following.end()):
            end = self._line_end(following.end())
        return opening.start("indent"), end

    def line(self, start: int) -> Span | None:
        """Return the value after `key: ` or `key = `: up to the end of the line, because it may contain spaces."""
        found = self.quoted(start)
        if found:
            return found
        group = self._group(start)
        end = max(self._line_end(start), group[1] if group else 0)
        return (start, end) if end > start else None

    def run(self, start: int) -> Span | None:
        """Return the value after `key=`: up to the next space, except for brackets, quotes and schemes."""
        found = self.quoted(start) or self._group(start) or self._object(start)
        if found:
            return found
        if _SCHEME.match(self._text, start):
            return start, self._line_end(start)
        match = _RUN.match(self._text, start)
        end = match.end() if match else start
        while end > start and self._text[end - 1] in _CLOSERS:
            end -= 1
        return (start, end) if end > start else None

    def _object(self, start: int) -> Span | None:
        match = _OBJECT.match(self._text, start)
        return match.span() if match else None

    def _group(self, start: int) -> Span | None:
        """Return a bracketed value, even across lines, or the rest of the line if unclosed; None if there is none."""
        opening = _GROUP.match(self._text, start)
        if opening is None:
            return None
        end = self._balanced(opening.end())
        return start, self._line_end(start) if end is None else end

    def _balanced(self, start: int) -> int | None:
        depth, position = 1, start
        while depth and self._budget > 0:
            part = _GROUP_PART.search(self._text, position)
            if part is None:
                self._budget -= len(self._text) - start
                return None
            position = part.end()
            if part[0] in "\"'":
                position = self._after_quote(part[0], position)
            else:
                depth += 1 if part[0] in "([{" else -1
        self._budget -= position - start
        return None if depth else position

    def _after_quote(self, quote: str, start: int) -> int:
        end = self._closing(quote, start)
        return start if end is None else end + 1

    def _closing(self, quote: str, start: int) -> int | None:
        """Return the closing position of the quote opened before `start`; None if there is none."""
        end = self._text.find(quote, start)
        while end >= 0 and quote[0] != "\\" and self._is_escaped(end, start):
            end = self._text.find(quote, end + 1)
        return None if end < 0 else end

    def _is_escaped(self, position: int, start: int) -> bool:
        first = position
        while first > start and self._text[first - 1] == "\\":
            first -= 1
        return (position - first) % 2 == 1

    def _line_end(self, start: int) -> int:
        end = self._text.find("\n", start)
        return len(self._text) if end < 0 else end
