"""Conditions evaluated in plain Python on OTLP JSON: what the SQL is held against."""

import json
import re
from typing import Any

from obsv import semconv
from obsv.conventions import direction
from obsv.store.finding.conditions import (
    GROUP,
    VARIABLE,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Field,
    Not,
    Present,
)

Trace = list[dict[str, Any]]  # spans of OTLP JSON with "resource" and "scope" added


def flatten(document: dict[str, Any]) -> Trace:
    """The spans of TracesData, each with its resource and scope."""
    return [
        span | {"resource": outer["resource"], "scope": inner["scope"]}
        for outer in document["resourceSpans"]
        for inner in outer["scopeSpans"]
        for span in inner["spans"]
    ]


def holds(condition: Condition, span: dict[str, Any], trace: Trace) -> bool:
    """Return whether a span satisfies a condition."""
    match condition:
        case Not(part=part):
            return not holds(part, span, trace)
        case All(parts=parts):
            return all(holds(part, span, trace) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, span, trace) for part in parts)
        case Contains(text=text, name=name):
            shown = [_shown(value) for key, value in _data(span) if name in (None, key)]
            return any(text.lower() in each.lower() for each in (*shown, *_failure(span)))
        case Present(field=field):
            return bool(_values(field, span, trace))
        case Compare(field=field, operator=operator, value=value):
            return any(_fits(found, operator, value) for found in _values(field, span, trace))


# Columns of a call, which OTLP carries as attributes.
_COLUMNS = {
    value
    for name, value in vars(semconv).items()
    if name.startswith(("CODE_", "THREAD_")) or name in ("PROCESS_GROUP", "FEED", "CPU_TIME_NS", "MEMORY_GROWTH_BYTES")
}


def _data(span: dict[str, Any]) -> list[tuple[str, Any]]:
    """The names and values of a span's data."""
    pairs = ((pair["key"], pair["value"]) for pair in span["attributes"] if pair["key"] not in _COLUMNS)
    return [(re.sub(r"^obsv\.(in|out)put\.", "", key), _plain(value) if value else None) for key, value in pairs]


def _failure(span: dict[str, Any]) -> list[str]:
    """The text of a failed span's exception."""
    pairs = (pair for event in span.get("events", []) for pair in event["attributes"])
    texts = [pair["value"]["stringValue"] for pair in pairs if pair["key"] == semconv.EXCEPTION_STACKTRACE]
    return texts if span["status"]["code"] == 2 else []


def _shown(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _fits(found: Any, operator: str, value: Any) -> bool:
    if isinstance(found, list):
        opposite = {"!=": "=", "!~": "=~"}.get(operator)
        if opposite:
            return not any(_fits(item, opposite, value) for item in found)
        return any(_fits(item, operator, value) for item in found if not isinstance(item, list))
    if operator == "is":
        return _text(found) == value
    if _kind(found) != _kind(value) or isinstance(found, dict):
        return False
    if operator in ("=~", "!~"):
        return (re.fullmatch(value, found, re.DOTALL) is not None) == (operator == "=~")
    return {
        "=": found == value, "!=": found != value, "<": found < value,
        "<=": found <= value, ">": found > value, ">=": found >= value,
    }[operator]  # fmt: skip


def _kind(value: Any) -> str:
    return "bool" if isinstance(value, bool) else "number" if isinstance(value, int | float) else type(value).__name__


def _text(found: Any) -> str:
    return str(found).lower() if isinstance(found, bool) else str(found)


def _values(field: Field, span: dict[str, Any], trace: Trace) -> list[Any]:
    if field.scope == "intrinsic":
        return [value for value in _intrinsic(field.name, span, trace) if value is not None]
    places = {
        "": [span, span["resource"]],
        "span": [span],
        "resource": [span["resource"]],
        "instrumentation": [span["scope"]],
        "event": span.get("events", []),
        "link": span.get("links", []),
    }[field.scope]
    names = [field.name]
    if field.scope in ("", "span"):
        names += ["obsv.input." + field.name, "obsv.output." + field.name]
        names += _unprefixed(field.name)
    return [
        _plain(pair["value"])
        for place in places
        for pair in place.get("attributes", [])
        if pair["key"] in (names if place is span else [field.name]) and pair["value"]
    ]


# `obsv.input.x` names every input x, also one that another library recorded under its own name.
def _unprefixed(name: str) -> list[str]:
    return [
        name[len(prefix) :]
        for prefix, data_type in (("obsv.input.", "INPUT"), ("obsv.output.", "OUTPUT"))
        if name.startswith(prefix) and direction(name[len(prefix) :]) == data_type
    ]


def _plain(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "intValue":
        return int(content)
    if kind == "arrayValue":
        return [_plain(item) for item in content["values"]]
    return value if kind in ("bytesValue", "kvlistValue") else content


def _usual_group(span: dict[str, Any]) -> str:
    """The group of a span that names none: its library."""
    return span["scope"].get("name") or ""


def _intrinsic(name: str, span: dict[str, Any], trace: Trace) -> list[Any]:
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    events, links = span.get("events", []), span.get("links", [])
    root = next((each for each in trace if "parentSpanId" not in each), None)
    found: dict[str, list[Any]] = {
        GROUP: _values(Field("span", semconv.PROCESS_GROUP), span, trace) or [_usual_group(span)],
        VARIABLE: [key for key, _ in _data(span)],
        "span:duration": [end - start],
        "span:id": [span["spanId"]],
        "span:kind": [span["kind"]],
        "span:name": [span["name"]],
        "span:parentID": [span.get("parentSpanId")],
        "span:status": [span["status"]["code"]],
        "span:statusMessage": [span["status"].get("message")],
        "trace:id": [span["traceId"]],
        "trace:duration": [
            max(int(each["endTimeUnixNano"]) for each in trace) - min(int(each["startTimeUnixNano"]) for each in trace)
        ],
        "trace:rootName": [root["name"]] if root else [],
        "trace:rootService": [_values(Field("resource", "service.name"), root, trace)[0]] if root else [],
        "event:name": [event["name"] for event in events],
        "event:timeSinceStart": [int(event["timeUnixNano"]) - start for event in events],
        "instrumentation:name": [span["scope"].get("name")],
        "instrumentation:version": [span["scope"].get("version")],
        "link:spanID": [link["spanId"] for link in links],
        "link:traceID": [link["traceId"] for link in links],
    }
    return found[name]
