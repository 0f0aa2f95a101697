"""Finds what belongs to sensitive names in free text, in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from obsv.capture.values import Span, ValueFinder


class Names(Protocol):
    """What the scanner asks about names."""

    @property
    def roots(self) -> frozenset[str]:
        """Beginnings of words, one of which stands in any text with a sensitive name."""

    def is_sensitive(self, name: str) -> bool:
        """Whether a name has a sensitive word."""

    def is_exactly(self, name: str) -> bool:
        """Whether a name is a sensitive word or words, with nothing beside."""


_SPACES = r"[ \t]{0,8}"

# A run of name characters is tried once, from its start, and what follows it is bounded: linear. Up to three words, as
# in "API key: …"; the comma is that of a pair in a list.
_PAIR = re.compile(
    r"(?<![\w.\-])(?P<key>[\w.\-]+(?:[ ][\w.\-]+){0,2})(?P<quote>\\{0,8}[\"'])?\]?"
    rf"(?:(?P<sep>{_SPACES}(?P<op>=>|[!<>:+]?={{1,3}}|:(?!:|//)){_SPACES})|,{_SPACES}(?=[bru]?\\{{0,8}}[\"']))"
)
_PAIR_OPENS = re.compile(r"[(\[][bru]?\\{0,8}[\"']$")
_OPTION = re.compile(r"(?<![\w\-])--?(?P<key>[A-Za-z][\w\-]{1,63})[ ]{1,8}(?=[^\s\-])")
_ELEMENT = re.compile(r"<(?P<key>[A-Za-z][\w.:\-]{0,63})(?:\s[^<>]{0,256})?>(?P<value>[^<]+)(?=</)")
# pydantic names the field in one line and shows its value in the next.
_VALIDATION = re.compile(
    r"^(?P<key>[\w.\-]{1,64})\n[ \t]{1,8}[^\n]{0,512}?input_value=(?P<value>[^\n]{0,512}?)(?=, input_type=|$)",
    re.MULTILINE,
)

# The user part may be empty. A password with an unescaped slash is told from a port and a path.
_URL = re.compile(
    r"(?<=://)(?P<user>[^\s/:@\"'<>?#]{0,256}:)"
    r"(?:[^\s\"'<>/?#@]{0,256}(?:@[^\s\"'<>/?#@]{1,256})*|(?!\d{1,5}[/?#])[^\s\"'<>@]{0,256})(?=@)"
)
_URL_TOKEN = re.compile(r"(?<=https://)[^\s/:@\"'<>?#]{1,256}(?=@)|(?<=http://)[^\s/:@\"'<>?#]{1,256}(?=@)")
_BEARER = re.compile(r"(\bbearer[ ]{1,4})[A-Za-z0-9._~+/\-]{8,}=*", re.IGNORECASE)
_BASIC = re.compile(r"(\bbasic[ ]{1,4})(?=[A-Za-z+/]{0,64}[0-9=])[A-Za-z0-9+/]{6,}=*", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----")
_PRIVATE_KEY_END = re.compile(r"-----END [A-Z ]{0,32}PRIVATE KEY-----")

# `auth.py:12` is a place, and `jwt.InvalidTokenError: …` a message.
_FILES = (
    ".py",
    ".pyx",
    ".pyi",
    ".pyc",
    ".js",
    ".ts",
    ".json",
    ".yml",
    ".yaml",
    ".toml",
    ".ini",
    ".cfg",
    ".txt",
    ".log",
)
# "Incorrect API key provided: …"
_FILLERS = frozenset(("is", "was", "provided", "given", "used", "value", "header"))
_PLACE = re.compile(r"\d{1,5}(?!\w)")
_ERROR = re.compile(
    r"(?:Error|Exception|Warning|Failure|Failed|Invalid|Expired|Missing|Required|Mismatch|Revoked|NotFound)$"
    r"|^(?:Invalid|Expired|Missing|Bad|Wrong|Unknown|Unsupported|Incorrect|Revoked|Malformed|No)[A-Z]"
)


class Scanner:
    """Masks what belongs to sensitive names in free text.

    Args:
        names: tells which names are sensitive.
        mask: what stands in place of a secret.
    """

    def __init__(self, names: Names, mask: str) -> None:
        self._names, self._mask = names, mask

    def redact(self, text: str) -> str:
        """The text with every secret masked."""
        text = self._without_private_keys(text)
        if "://" in text and "@" in text:
            text = _URL_TOKEN.sub(self._mask, _URL.sub(rf"\g<user>{self._mask}", text))
        lower = text.lower()
        if any(map(lower.__contains__, self._names.roots)):
            text = self._masked(_ELEMENT, text, self._value_group)
            text = self._masked(_VALIDATION, text, self._value_group)
            text = self._masked(_PAIR, text, self._pair_value)
            text = self._masked(_OPTION, text, self._option_value)
        if "bearer" in lower or "basic" in lower:
            text = _BASIC.sub(rf"\1{self._mask}", _BEARER.sub(rf"\1{self._mask}", text))
        return text

    def _without_private_keys(self, text: str) -> str:
        parts, done = [], 0
        while begin := _PRIVATE_KEY.search(text, done):
            end = _PRIVATE_KEY_END.search(text, begin.end())
            parts += [text[done : begin.end()], self._mask]
            # A block that was cut off has no end.
            done = end.start() if end else len(text)
        return "".join([*parts, text[done:]])

    def _masked(self, pattern: re.Pattern[str], text: str, span_of: _SpanOf) -> str:
        """The text with the span masked that each match gives, if it gives one."""
        finder, parts, done, position = ValueFinder(text), [], 0, 0
        while match := pattern.search(text, position):
            position = match.end()
            span = span_of(match, finder)
            if span:
                parts += [text[done : span[0]], self._mask]
                done = span[1]
                position = max(position, done)
        return "".join([*parts, text[done:]]) if parts else text

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
        if match["quote"]:
            return finder.literal(match.end())
        if sep != match["op"]:
            return finder.line(match.end())
        return finder.run(match.end())

    def _is_secret(self, match: re.Match[str]) -> bool:
        *before, key = match["key"].split(" ")
        if match.start() and match.string[match.start() - 1] == "\\" and key[0] in "nrt" and not before:
            # In the repr of a text a line begins behind the two characters of its "\\n".
            key = key[1:]
        if not self._names.is_sensitive(key[-64:]) and not self._is_phrase([*before, key]):
            return False
        if match["sep"] is None:
            start = match.start("key")
            return key.startswith("--") or bool(_PAIR_OPENS.search(match.string[max(0, start - 12) : start]))
        return match["op"] != ":" or bool(match["quote"]) or not self._is_harmless_before_colon(key, match)

    def _is_phrase(self, parts: list[str]) -> bool:
        if parts[-1].lower() in _FILLERS:
            parts = parts[:-1]
        return any(self._names.is_exactly(" ".join(parts[start:])) for start in range(len(parts)))

    @staticmethod
    def _is_harmless_before_colon(key: str, match: re.Match[str]) -> bool:
        if key.endswith(_FILES) or ("." in key and _PLACE.match(match.string, match.end())):
            return True
        return bool(_ERROR.search(key.rpartition(".")[2]))


_SpanOf = Callable[[re.Match[str], ValueFinder], Span | None]
