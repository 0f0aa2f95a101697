"""Silences: which alerts cause no notification, in Alertmanager's terms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from obsv.errors import ConfigurationError, InvalidQuery
from obsv.store.ground import Pattern, compile_pattern
from obsv.store.watching import SilenceRow

MAX_MATCHERS, MAX_PATTERN = 50, 1_000
# Alertmanager's notation: a name or value in double quotes may contain anything; \" \\ and \n are escapes.
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_MATCHER = re.compile(
    rf'(?:{_QUOTED}|([^\W\d][\w.:-]*))\s*(=~|!~|!=|=)\s*(?!\s)(?:{_QUOTED}|((?:[^"\\]|\\.)*\\?))', re.DOTALL
)
_SEPARATE = re.compile(r'(?:[^,"\\]|\\.|"(?:[^"\\]|\\.)*")+|.', re.DOTALL)
_ESCAPE = re.compile(r'\\([n"\\])')
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_PLAIN_NAME = re.compile(r"[^\W\d][\w.:-]*")


class Matcher(NamedTuple):
    """A condition on one label; a missing label counts as empty text.

    Args:
        name: name of the label; `alertname` is the rule.
        value: value to compare with.
        is_regex: whether `value` is a pattern for the whole value: RE2's, as in Alertmanager.
        is_equal: False negates the condition.
    """

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether labels satisfy the matcher."""
        value = labels.get(self.name, "")
        found = bool(_pattern(self.value).fullmatch(value)) if self.is_regex else value == self.value
        return found is self.is_equal

    def __str__(self) -> str:
        """Return the matcher as it is written: `process=~"shop.*"`."""
        sign = ("=" if self.is_equal else "!") + ("~" if self.is_regex else "" if self.is_equal else "=")
        name = self.name if _PLAIN_NAME.fullmatch(self.name) else _quoted(self.name)
        return f"{name}{sign}{_quoted(self.value)}"


def parse_matcher(text: str) -> Matcher:
    """Parse a matcher such as `process=shop.price`, `severity!=page`, `process=~"shop.*"` or `"two words"="a, b"`.

    Raises:
        InvalidQuery: the text cannot be parsed.
    """
    found = _MATCHER.fullmatch(text.strip()) if len(text) <= 4 * MAX_PATTERN else None
    if not found:
        raise InvalidQuery(
            f'Cannot parse the matcher {text[:200]!r}: write it as process=shop.price or process=~"shop.*"; within '
            f'quotes, write \\" for a quote and \\\\ for a backslash. It has at most {MAX_PATTERN} characters.'
        )
    quoted_name, name, sign, quoted, plain = found.groups()
    value = _unescaped(plain if quoted is None else quoted)
    return checked(Matcher(name or _unescaped(quoted_name or ""), value, "~" in sign, not sign.startswith("!")))


def parse_matchers(text: str) -> list[Matcher]:
    """Parse matchers separated by commas; a comma within quotes separates nothing.

    Raises:
        InvalidQuery: one of them cannot be parsed.
    """
    return [parse_matcher(each) for each in _SEPARATE.findall(text) if each.strip(" \t\n,")]


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text)


def checked(matcher: Matcher) -> Matcher:
    """Return a matcher after validating it.

    Raises:
        InvalidQuery: its pattern cannot be parsed, or could take very long.
    """
    if len(matcher.value) > MAX_PATTERN or not matcher.name:
        raise InvalidQuery(f"A matcher needs a name and has at most {MAX_PATTERN} characters.")
    if matcher.is_regex:
        try:
            _pattern(matcher.value)
        except (InvalidQuery, re.error, RecursionError, OverflowError) as error:
            raise InvalidQuery(f"Cannot use the pattern {matcher.value!r}: {error}.") from error
    return matcher


def _pattern(text: str) -> Pattern:
    """Compile a pattern whose time is linear in the text, or without RE2 one that Python's `re` cannot take long for.

    Raises:
        InvalidQuery: it is none, or could take very long.
    """
    try:
        return compile_pattern(text)
    except ConfigurationError:
        if _SLOW.search(text) or len(_REPEATED.findall(text)) > MOST_REPEATED:
            raise InvalidQuery("it has repeated groups or many repetitions; write it without them") from None
        return re.compile(text)


# Python's `re` takes exponential time for (a|a)+ and the like, and the n-th power of the length for n repetitions.
_SLOW, _REPEATED = re.compile(r"\)\s*[+*{?]|\\[1-9]|\(\?"), re.compile(r"[+*{]")
MOST_REPEATED = 3


def matchers_of(text: str) -> list[Matcher]:
    """Return the matchers stored in the file."""
    return [
        Matcher(each["name"], each["value"], each.get("isRegex", False), each.get("isEqual", True))
        for each in json.loads(text)
    ]


def matchers_text(matchers: Iterable[Matcher]) -> str:
    """Return matchers as text, as stored in the file and used by Alertmanager's API."""
    return json.dumps([matcher_form(each) for each in matchers], ensure_ascii=False)


def matcher_form(matcher: Matcher) -> dict[str, Any]:
    """Return a matcher in the form of Alertmanager's API."""
    return {
        "name": matcher.name, "value": matcher.value, "isRegex": matcher.is_regex, "isEqual": matcher.is_equal
    }  # fmt: skip


def silencing(silences: Sequence[SilenceRow], labels: Mapping[str, str]) -> list[str]:
    """Return the IDs of the silences that match all of an alert's labels; a silence without matchers matches none."""
    found = []
    for silence in silences:
        matchers = matchers_of(silence.matchers)
        if matchers and all(matcher.matches(labels) for matcher in matchers):
            found.append(silence.id)
    return found
