"""Conversion of Jaeger's searches to conditions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from obsv import semconv
from obsv.api.durations import parse_duration
from obsv.errors import InvalidQuery
from obsv.store.finding import INTRINSIC, KINDS, NO_SPAN, RESOURCE, UNSCOPED, All, Compare, Condition, Field, Not
from obsv.times import iso_ns

MOST_TRACES = 1_500
DEFAULT_LIMIT = 100
DEFAULT_REACH_NS = 48 * 3600 * 1_000_000_000
ERROR = Compare(Field(INTRINSIC, "span:status"), "=", 2)
_STATUSES = {"UNSET": 0, "OK": 1, "ERROR": 2}
_TEXTS = {
    "otel.status_description": "span:statusMessage",
    "otel.scope.name": "instrumentation:name",
    "otel.scope.version": "instrumentation:version",
}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Search(NamedTuple):
    """A search for traces.

    Args:
        condition: condition on one span.
        start_ns: the earliest start, Unix time.
        end_ns: the latest start.
        limit: maximum number of traces.
    """

    condition: Condition
    start_ns: int
    end_ns: int
    limit: int


def read_v1(query: Mapping[str, str], tag: Iterable[str], now_ns: int) -> Search:
    """Parse a search of `/api/traces`: times in microseconds, durations in Go's format.

    Args:
        query: the parameters.
        tag: the values of `tag`, each `key:value`.
        now_ns: Unix time.

    Raises:
        InvalidQuery: a parameter cannot be parsed.
    """
    tags = dict(read_tags(query.get("tags", "")))
    tags |= {key: value for key, _, value in (text.partition(":") for text in tag)}
    end_ns = _whole(query, "end", 1_000, now_ns)
    start_ns = _whole(query, "start", 1_000, end_ns - DEFAULT_REACH_NS)
    condition = _condition(
        query.get("service", ""), query.get("operation", ""), tags, query.get("minDuration"), query.get("maxDuration")
    )
    return Search(condition, start_ns, end_ns, min(_whole(query, "limit", 1, DEFAULT_LIMIT), MOST_TRACES))


def read_v3(query: Mapping[str, str]) -> Search:
    """Parse a search of `/api/v3`: `query.…` in camel or snake case, times in RFC 3339.

    Raises:
        InvalidQuery: a parameter is missing or cannot be parsed.
    """
    given = {_camel(key.removeprefix("query.")): value for key, value in query.items() if key.startswith("query.")}
    limit = _whole(given, "searchDepth", 1, _whole(given, "numTraces", 1, DEFAULT_LIMIT))
    condition = _condition(
        given.get("serviceName", ""),
        given.get("operationName", ""),
        read_tags(given.get("attributes", "")),
        given.get("durationMin"),
        given.get("durationMax"),
    )
    start_ns, end_ns = (read_time(given, name) for name in ("startTimeMin", "startTimeMax"))
    return Search(condition, start_ns, end_ns, min(limit, MOST_TRACES))


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)


def read_time(query: Mapping[str, str], name: str) -> int:
    """Parse a time in RFC 3339 to Unix time in nanoseconds.

    Raises:
        InvalidQuery: it is missing or malformed.
    """
    text = query.get(name, "")
    if _RFC3339.fullmatch(text) is None:
        raise InvalidQuery(f"query.{name} is required, as in 2026-01-31T12:00:00.5Z")
    try:
        return iso_ns(text)
    except ValueError as error:
        raise InvalidQuery(f"query.{name} is not a time: {error}") from None


def read_tags(text: str) -> dict[str, str]:
    """Parse tags or attributes: a JSON object of strings.

    Raises:
        InvalidQuery: it is something else.
    """
    if not text:
        return {}
    try:
        tags: Any = json.loads(text)
        json.dumps(tags, ensure_ascii=False).encode()  # an unpaired surrogate is not valid text
    except (ValueError, RecursionError):
        tags = None
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise InvalidQuery('tags must be a JSON object of strings, such as {"error":"true"}')
    return tags


def _whole(query: Mapping[str, str], name: str, unit: int, default: int) -> int:
    text = query.get(name)
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise InvalidQuery(f"{name} must be a whole number, not {text[:50]!r}")
    return int(text) * unit


def _condition(
    service: str, operation: str, tags: Mapping[str, str], shortest: str | None, longest: str | None
) -> Condition:
    parts: list[Condition] = []
    if service:
        parts.append(Compare(Field(RESOURCE, semconv.SERVICE_NAME), "=", service))
    if operation:
        parts.append(Compare(Field(INTRINSIC, "span:name"), "=", operation))
    for text, operator in ((shortest, ">="), (longest, "<=")):
        if text:
            parts.append(Compare(Field(INTRINSIC, "span:duration"), operator, parse_duration(text)))
    return All((*parts, *(_tagged(key, value) for key, value in tags.items())))


# Tags that do not represent attributes, as shown in responses.
def _tagged(key: str, value: str) -> Condition:
    if key == "error" and value in ("true", "false"):
        return ERROR if value == "true" else Not(ERROR)
    if key == "span.kind":
        return Compare(Field(INTRINSIC, "span:kind"), "=", KINDS.index(value)) if value in KINDS else NO_SPAN
    if key == "otel.status_code":
        status = _STATUSES.get(value.upper())
        return NO_SPAN if status is None else Compare(Field(INTRINSIC, "span:status"), "=", status)
    if key in _TEXTS:
        return Compare(Field(INTRINSIC, _TEXTS[key]), "=", value)
    return Compare(Field(UNSCOPED, key), "is", value)
