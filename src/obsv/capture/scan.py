"""Search for the values of sensitive names in free text, in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from obsv.capture.secrets.patterns import patterns
from obsv.capture.values import Span, ValueFinder


class Names(Protocol):
    """The interface of the scanner to the names."""

    @property
    def roots(self) -> frozenset[str]:
        """Return beginnings of words; any text with a sensitive name contains one of them."""

    def is_sensitive(self, name: str) -> bool:
        """Return whether a name contains a sensitive word."""

    def is_exactly(self, name: str) -> bool:
        """Return whether a name consists only of sensitive words."""


# `jwt.InvalidTokenError: …` is a message, and "Incorrect API key provided: …" has a key of two words.
_FILLERS = frozenset(("is", "was", "provided", "given", "used", "value", "header"))


_OF_LANGUAGE = frozenset(
    ("unexpected", "expected", "next", "previous", "illegal", "unknown", "unrecognized", "unterminated", "end", "eof")
) | frozenset(
    ("page", "pagination", "continuation", "cancellation", "keyword", "operator", "special", "reserved", "stop")
)


class Scanner:
    """A scanner that masks the values of sensitive names in free text.

    Args:
        names: decides which names are sensitive.
        mask: replacement of a secret.
    """

    def __init__(self, names: Names, mask: str) -> None:
        self._names, self._mask = names, mask

    def redact(self, text: str) -> str:
        """Return the text with every named secret masked."""
        lower = text.lower()
        if "identified " in lower:
            text = self._masked(patterns().statement, text, self._stated_value, by_line=False)
        if not any(map(lower.__contains__, self._names.roots)):
            return text
        if "</" in text:
            text = self._masked(patterns().element, text, self._value_group)
        if "input_value=" in text:
            text = self._masked(patterns().validation, text, self._value_group, by_line=False)
        text = self._masked(patterns().pair, text, self._pair_value)
        if "%" in text:
            text = self._masked(patterns().encoded, text, self._value_group)
        if "value" in lower:
            text = self._masked(patterns().labelled, text, self._labelled_value, by_line=False)
            text = self._masked(patterns().value_first, text, self._value_group, by_line=False)
        if "form-data" in lower:
            text = self._masked(patterns().part, text, self._value_group, by_line=False)
        if "-" in text:
            text = self._masked(patterns().option, text, self._option_value)
        if "'" in text or '"' in text:
            text = self._masked(patterns().spoken, text, self._spoken_value)
        return text

    def _masked(self, pattern: re.Pattern[str], text: str, span_of: _SpanOf, *, by_line: bool = True) -> str:
        """Return the text with the span masked that each match yields, if any."""
        finder, parts, done, position = ValueFinder(text), [], 0, 0
        for start, end in self._lines_with_names(text) if by_line else [(0, len(text))]:
            position = max(position, start)
            while match := pattern.search(text, position, end):
                position = match.end()
                span = span_of(match, finder)
                if span:
                    parts += [text[done : span[0]], self._mask]
                    done = span[1]
                    position = max(position, done)
        return "".join([*parts, text[done:]]) if parts else text

    def _lines_with_names(self, text: str) -> list[Span]:
        """Return the lines that may contain a sensitive name; a traceback has few, and searching one takes 10 µs."""
        lower = text.lower()
        if len(lower) != len(text):
            # A few letters become two in lower case.
            return [(0, len(text))]
        lines = set()
        for root in self._names.roots:
            at = lower.find(root)
            while at >= 0:
                end = lower.find("\n", at)
                end = len(text) if end < 0 else end
                lines.add((lower.rfind("\n", 0, at) + 1, end))
                at = lower.find(root, end)
        return sorted(lines)

    def _value_group(self, match: re.Match[str], finder: ValueFinder) -> Span | None:
        return match.span("value") if self._names.is_sensitive(match["key"]) else None

    def _option_value(self, match: re.Match[str], finder: ValueFinder) -> Span | None:
        return finder.run(match.end()) if self._names.is_sensitive(match["key"]) else None

    def _pair_value(self, match: re.Match[str], finder: ValueFinder) -> Span | None:
        if not self._is_secret(match):
            return None
        sep = match["sep"]
        if sep is None:
            return finder.quoted(match.end())
        block = finder.block(match.end()) if match["op"] == ":" and sep != ":" else None
        if block:
            return block
        if match["quote"]:
            return finder.literal(match.end())
        if sep != match["op"]:
            return finder.line(match.end())
        return finder.run(match.end())

    def _labelled_value(self, match: re.Match[str], finder: ValueFinder) -> Span | None:
        if not self._names.is_sensitive(match["key"][-64:]):
            return None
        if match["shown"]:
            return finder.literal(match.end())
        return finder.line(match.end()) if match["op"] == ":" else finder.run(match.end())

    def _stated_value(self, match: re.Match[str], finder: ValueFinder) -> Span | None:
        before = match.string, max(0, match.start() - 512), match.start()
        # "The rows identified by their key" is no statement.
        if not (match["plugin"] or match[0].startswith("IDENTIFIED") or patterns().account.search(*before)):
            return None
        return finder.run(match.end()) if self._names.is_sensitive("password") else None

    def _spoken_value(self, match: re.Match[str], finder: ValueFinder) -> Span | None:
        key, before = match["key"], match["before"] or ""
        if not self._names.is_sensitive(key) or self._is_of_language(before, key):
            return None
        span = finder.quoted(match.end())
        if span is None or "\n" in match.string[slice(*span)]:
            return None
        # Kubernetes and similar programs name a secret without revealing it.
        return None if patterns().named.match(match.string, span[1] + 1) else span

    def _is_secret(self, match: re.Match[str]) -> bool:
        *before, key = match["key"].split(" ")
        if (
            match.start()
            and match.string[match.start() - 1] == "\\"
            and key[0] in "nrt"
            and not before
            and not self._names.is_sensitive(key[-64:])
        ):
            # In the repr of a text, a line begins after the two characters of its "\\n".
            key = key[1:]
        if not self._names.is_sensitive(key[-64:]):
            if not self._is_phrase([*before, key]):
                return False
        elif before and self._is_of_language(before[-1], key):
            return False
        if key.lower().endswith("pwd") and patterns().directory.match(match.string, match.end()):
            return False
        if match["sep"] is None:
            start = match.start("key")
            return key.startswith("--") or bool(patterns().pair_opens.search(match.string[max(0, start - 12) : start]))
        return match["op"] != ":" or bool(match["quote"]) or not self._is_harmless_before_colon(key, match)

    def _is_phrase(self, parts: list[str]) -> bool:
        if parts[-1].lower() in _FILLERS:
            parts = parts[:-1]
        return any(self._names.is_exactly(" ".join(parts[start:])) for start in range(len(parts)))

    @staticmethod
    def _is_of_language(before: str, key: str) -> bool:
        """Return whether a token belongs to a text or a list: "unexpected token: }"."""
        return before.lower() in _OF_LANGUAGE and key.lower() in ("token", "tokens")

    @staticmethod
    def _is_harmless_before_colon(key: str, match: re.Match[str]) -> bool:
        if patterns().file.search(key) or ("." in key and patterns().place.match(match.string, match.end())):
            return True
        return bool(patterns().error.search(key.rpartition(".")[2]))


_SpanOf = Callable[[re.Match[str], ValueFinder], Span | None]
