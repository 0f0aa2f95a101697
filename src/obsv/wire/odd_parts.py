"""Parts of an OTLP JSON request that have the wrong type: the rest is stored, and their sender is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from obsv.wire.limits import DEFAULT_LIMITS, INT64_MAX

KINDS = (
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
)
STATUS_CODES = ("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR")
ODD = "parts of the wrong type or beyond their range; the rest is stored"

Check = Callable[[Any], int]


def _text(value: Any) -> int:
    return not isinstance(value, str)


def _whole(value: Any) -> int:
    if type(value) is int:
        return 0
    try:
        int(value)
    except (TypeError, ValueError, OverflowError):
        return 1
    return isinstance(value, bool)


def _int64(value: Any) -> int:
    return _whole(value) or not -INT64_MAX - 1 <= int(value) <= INT64_MAX


def _number(value: Any) -> int:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return 1
    return isinstance(value, bool)


def _truth(value: Any) -> int:
    return not isinstance(value, bool) and value not in ("true", "false")


def _hex(value: Any) -> int:
    try:
        bytes.fromhex(value)
    except (TypeError, ValueError):
        return 1
    return 0


def _enum(names: tuple[str, ...]) -> Check:
    return lambda value: value not in names and _whole(value)


def _members(of: Check) -> Check:
    def check(value: Any) -> int:
        return sum(map(of, value)) if isinstance(value, list) else 1

    return check


def _object(fields: Mapping[str, Check]) -> Check:
    def check(value: Any) -> int:
        if not isinstance(value, dict):
            return 1
        # A part that is null is one that is absent.
        return sum(fields[key](part) for key, part in value.items() if part is not None and key in fields)

    return check


def _any_value(depth: int) -> Check:
    """Return the check of an AnyValue; what is nested deeper is not looked at."""
    items = pairs = _object({})
    if depth:
        item = _any_value(depth - 1)
        items = _object({"values": _members(lambda value: value is not None and item(value))})
        pairs = _object({"values": _members(_key_value(item))})
    return _object(
        {
            "stringValue": _text,
            "boolValue": _truth,
            "intValue": _int64,
            "doubleValue": _number,
            "bytesValue": _text,
            "arrayValue": items,
            "kvlistValue": pairs,
        }
    )


def _key_value(check: Check) -> Check:
    def check_pair(pair: Any) -> int:
        if not isinstance(pair, dict) or not isinstance(pair.get("key"), str):
            return 1
        value = pair.get("value")
        if isinstance(value, dict) and isinstance(value.get("stringValue"), str):
            return 0  # nearly always
        return 0 if value is None else check(value)

    return check_pair


_VALUE = _any_value(DEFAULT_LIMITS.depth)
_ATTRIBUTES: dict[str, Check] = {"attributes": _members(_key_value(_VALUE)), "droppedAttributesCount": _whole}
_EVENT = _object({"name": _text, "timeUnixNano": _whole, **_ATTRIBUTES})
_LINK = _object({"traceId": _hex, "spanId": _hex, "traceState": _text, "flags": _whole, **_ATTRIBUTES})
_STATUS = _object({"message": _text, "code": _enum(STATUS_CODES)})

odd_in_resource = _object(_ATTRIBUTES)
odd_in_scope = _object({"name": _text, "version": _text, **_ATTRIBUTES})
odd_in_log = _object({"body": _VALUE, **_ATTRIBUTES})
odd_in_point = _object({"attributes": _ATTRIBUTES["attributes"]})
odd_in_span = _object(
    {
        "parentSpanId": _hex,
        "traceState": _text,
        "flags": _whole,
        "name": _text,
        "kind": _enum(KINDS),
        "startTimeUnixNano": _whole,
        "endTimeUnixNano": _whole,
        "events": _members(_EVENT),
        "droppedEventsCount": _whole,
        "links": _members(_LINK),
        "droppedLinksCount": _whole,
        "status": _STATUS,
        **_ATTRIBUTES,
    }
)
