"""Search conditions that Tempo accepts in addition to TraceQL: `tags`, `minDuration` and `maxDuration`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from obsv.api.durations import parse_duration
from obsv.errors import InvalidQuery
from obsv.store.finding import All, AnyOf, Compare, Condition, Field

MOST_TAGS = 100
_DURATION, _NAME = Field("intrinsic", "trace:duration"), Field("intrinsic", "span:name")


def with_parameters(condition: Condition, given: Mapping[str, str]) -> Condition:
    """Combine a condition with those of the parameters.

    Args:
        condition: condition of the query.
        given: parameters of the request; empty ones are ignored.

    Raises:
        InvalidQuery: a duration is malformed, or the tags are not logfmt.
    """
    parts = [condition]
    for name, operator in (("minDuration", ">="), ("maxDuration", "<=")):
        if text := given.get(name, ""):
            parts.append(Compare(_DURATION, operator, _duration(name, text)))
    for key, value in _tags(given.get("tags", "")).items():
        parts.append(_tag(key, value))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _duration(name: str, text: str) -> int:
    try:
        return parse_duration(text)
    except InvalidQuery as error:
        raise InvalidQuery(f"{name}: {error}") from None


def _tag(key: str, value: str) -> Condition:
    if key == "name":
        return Compare(_NAME, "=", value)
    # Tags are text; numbers and booleans are matched by their text.
    fields = Field("", key)
    alternatives: list[Condition] = [Compare(fields, "=", value)]
    if value in ("true", "false"):
        alternatives.append(Compare(fields, "=", value == "true"))
    elif value.lstrip("-").isdecimal() and len(value) < 19:
        alternatives.append(Compare(fields, "=", int(value)))
    return alternatives[0] if len(alternatives) == 1 else AnyOf(tuple(alternatives))


def _tags(text: str) -> dict[str, str]:
    """Parse logfmt: `service.name=cart error="not found"`."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InvalidQuery(f'tags must be written as key=value key2="a value": {error}') from None
    if len(words) > MOST_TAGS or not all("=" in word for word in words):
        raise InvalidQuery('tags must be written as key=value key2="a value", with at most a hundred tags')
    return dict(word.split("=", 1) for word in words)
