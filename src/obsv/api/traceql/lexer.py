"""TraceQL text to tokens, each with its position."""

from __future__ import annotations

import re
from typing import NamedTuple

from obsv.api.durations import UNITS_NS
from obsv.errors import InvalidQuery

# Kinds of tokens. A NAME contains its whole text (`rootName`, `span:duration`, `true`); an ATTRIBUTE is `scope.key`.
STRING, NUMBER, DURATION, NAME, ATTRIBUTE, SIGN, END = (
    "string",
    "number",
    "duration",
    "name",
    "attribute",
    "sign",
    "end",
)

LONGEST_QUERY = 16_384
_UNIT = "|".join(sorted(UNITS_NS, key=len, reverse=True))
# Characters allowed in an unquoted attribute key, as in Tempo's lexer. Grafana writes names unquoted.
_KEY = r"[^\s{}()=~!<>&|^,\"]"
_NO_SCOPE = r"(?!(?:event|instrumentation|link|parent|resource|span|trace)[:.])"
# Without a scope, a digit after the point makes it a number.
_FIRST = _NO_SCOPE + r"[^\s{}()=~!<>&|^,\".0-9]"
_TEXT = r'"(?:\\.|[^"\\])*"'
_SCOPE = r"(?:parent\.)?(?:resource|span)|event|link|instrumentation|parent"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<attribute>(?:(?:{_SCOPE})\.(?:[^\s{{}}()=~!<>&|^,\".]|{_TEXT})|\.(?:{_FIRST}|{_TEXT}))(?:{_KEY}|{_TEXT})*)
  | (?P<duration>(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:{_UNIT}))+(?![A-Za-z0-9_]))
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
  | (?P<string>{_TEXT}|`[^`]*`)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?::[A-Za-z]+)?)
  | (?P<sign>&&|\|\||=~|!~|!=|>=|<=|&>>|&>|&<<|&<|&~|!>>|!>|!<<|!<|>>|<<|[{{}}()=<>!|,+\-*/%^~])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u(?P<point>[0-9a-fA-F]{4})|U(?P<point8>[0-9a-fA-F]{8})|x(?P<hex>[0-9a-fA-F]{2})|(?P<octal>[0-7]{3})|(.?))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)


class Token(NamedTuple):
    """A token of a query.

    Args:
        kind: one of the kinds above.
        text: as written in the query; a string without quotes and escapes.
        position: offset of its first character.
    """

    kind: str
    text: str
    position: int


def tokens(query: str) -> list[Token]:
    """Return the tokens of a query, ending with END.

    Raises:
        InvalidQuery: a character begins no token, or the query is longer than 16,384 characters.
    """
    if len(query) > LONGEST_QUERY:
        raise InvalidQuery(f"a query must have at most {LONGEST_QUERY:,} characters", LONGEST_QUERY)
    found: list[Token] = []
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise InvalidQuery(_unreadable(query[position]), position)
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(_token(kind, match.group(), position))
        position = match.end()
    return [*found, Token(END, "", len(query))]


def _unreadable(character: str) -> str:
    if character in '"`':
        return "a string without a closing quote"
    if character.isdigit():
        return "not a number or duration: write for example 5, 0.5, 100ms or 1.5s"
    if character == ".":
        return 'not an attribute: write for example .http.method, or ."name in quotes"'
    return f"unexpected character {character!r}"


def _token(kind: str, text: str, position: int) -> Token:
    if kind == STRING:
        return Token(kind, text[1:-1] if text[0] == "`" else unescape(text[1:-1], position + 1), position)
    return Token(kind, text, position)


def unescape(text: str, position: int) -> str:
    r"""Return the value of a double-quoted literal, by the rules of Go, which Tempo uses.

    Args:
        text: the text between the quotes.
        position: its offset in the query.

    Raises:
        InvalidQuery: Go does not have this escape.
    """

    def character(match: re.Match[str]) -> str:
        coded = match.group("point", "point8", "hex", "octal")
        known = _coded(*coded) if any(coded) else _SIMPLE.get(match.group(5))
        if known is None:
            raise InvalidQuery(f"unknown escape {match.group()}: write \\\\ for a backslash", position + match.start())
        return known

    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    # Bytes written individually may together form a character.
    raw = _ESCAPE.sub(character, whole).encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "replace")


def _coded(point: str | None, point8: str | None, in_hex: str | None, octal: str | None) -> str | None:
    """Return a character or byte by its number; None if Go has no such number."""
    if point or point8:
        number = int(point or point8 or "", 16)
        return None if number > 0x10FFFF or 0xD800 <= number < 0xE000 else chr(number)
    byte = int(in_hex, 16) if in_hex else int(octal or "", 8)
    if byte > 255:
        return None
    return chr(byte) if byte < 128 else bytes((byte,)).decode("utf-8", "surrogateescape")


def split_attribute(token: Token) -> tuple[str, str]:
    """Return scope and key of an ATTRIBUTE token without quotes: `span."a b".c` is `("span", "a b.c")`."""
    scope, _, key = token.text.partition(".")
    if scope == "parent" and key.startswith(("span.", "resource.")):
        scope, _, key = "parent." + key.partition(".")[0], ".", key.partition(".")[2]
    start = token.position + len(token.text) - len(key)
    return scope, _QUOTED.sub(lambda match: unescape(match.group(1), start + match.start(1)), key)
