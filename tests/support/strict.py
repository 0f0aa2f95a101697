"""Decoders as strict as Grafana's and Jaeger's: a float for an integer, a missing or an unknown field fails."""

import json
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData


class Real(float):
    """A JSON number with a point or an exponent."""


def load(raw: bytes) -> Any:
    """JSON that tells 1 from 1.0 and has no NaN."""
    return json.loads(raw, parse_float=Real, parse_constant=_refuse)


def _refuse(text: str) -> None:
    raise AssertionError(f"{text} is not JSON")


def has(value: Any, shape: Any, place: str = "$") -> None:
    """Fails unless a value has a shape: a type, `[shape]`, `{name: shape}` (exactly these; `name?` may be absent), or a
    function that tells."""
    if isinstance(shape, dict):
        assert type(value) is dict, f"{place}: {value!r} is no object"
        needed = {name for name in shape if not name.endswith("?")}
        allowed = needed | {name[:-1] for name in shape if name.endswith("?")}
        assert needed <= value.keys() <= allowed, f"{place}: {sorted(value)} is not {sorted(shape)}"
        for name, part in value.items():
            has(part, shape.get(name, shape.get(f"{name}?")), f"{place}.{name}")
    elif isinstance(shape, list):
        assert type(value) is list, f"{place}: {value!r} is no array"
        for number, part in enumerate(value):
            has(part, shape[0], f"{place}[{number}]")
    elif isinstance(shape, type):
        assert type(value) is shape, f"{place}: {value!r} is no {shape.__name__}"
    else:
        assert shape(value), f"{place}: {value!r}"


def digits(value: Any) -> bool:
    """A decimal number as text."""
    return type(value) is str and value.isdecimal()


def hexadecimal(length: int) -> Any:
    """Lower-case hex digits."""
    return lambda value: type(value) is str and len(value) == length and set(value) <= set("0123456789abcdef")


def nothing(value: Any) -> bool:
    """null."""
    return value is None


_TAG_TYPES = {"string": str, "bool": bool, "int64": int, "float64": Real, "binary": str}


def _tag(tag: Any) -> bool:
    has({**tag, "value": None}, {"key": str, "type": str, "value": nothing})
    return type(tag["value"]) is _TAG_TYPES[tag["type"]]


REFERENCE = {
    "refType": lambda kind: kind in ("CHILD_OF", "FOLLOWS_FROM"),
    "traceID": hexadecimal(32),
    "spanID": hexadecimal(16),
}
JAEGER_SPAN = {
    "traceID": hexadecimal(32), "spanID": hexadecimal(16), "flags": int, "operationName": str,
    "references": [REFERENCE], "startTime": int, "duration": int, "tags": [_tag],
    "logs": [{"timestamp": int, "fields": [_tag]}], "processID": str, "warnings": nothing,
}  # fmt: skip
JAEGER_TRACE = {
    "traceID": hexadecimal(32),
    "spans": lambda spans: bool(spans) and not has(spans, [JAEGER_SPAN]),
    "processes": lambda found: all(not has(each, {"serviceName": str, "tags": [_tag]}) for each in found.values()),
    "warnings": nothing,
}
ENVELOPE = {"total": int, "limit": int, "offset": int, "errors": nothing}
JAEGER_TRACES = {"data": [JAEGER_TRACE], **ENVELOPE}
JAEGER_NAMES = {"data": [str], **ENVELOPE}
JAEGER_ERROR = {**ENVELOPE, "data": nothing, "errors": [{"code": int, "msg": str}]}
SUMMARIES = {
    "summaries": [{
        "traceId": hexadecimal(32), "rootServiceName": str, "rootOperationName": str, "minStartTimeUnixNano": digits,
        "maxEndTimeUnixNano": digits, "spanCount": int, "errorSpanCount": int,
        "services": [{"name": str, "spanCount": int, "errorSpanCount": int}],
    }]
}  # fmt: skip


def _any_value(value: Any) -> bool:
    ((kind, content),) = value.items()
    if kind == "arrayValue":
        has(content, {"values?": [_any_value]})
        return True
    if kind == "kvlistValue":
        has(content, {"values?": [KEY_VALUE]})
        return True
    wanted = {"stringValue": str, "boolValue": bool, "intValue": digits, "bytesValue": str}
    has(content, wanted.get(kind, lambda number: isinstance(number, float | str)))
    return True


KEY_VALUE = {"key": str, "value": _any_value}
SEARCH_SPAN = {
    "spanID": hexadecimal(16), "name?": str, "startTimeUnixNano": digits, "durationNanos": digits,
    "attributes?": [KEY_VALUE],
}  # fmt: skip
SEARCH = {
    "traces": [{
        "traceID": str, "rootServiceName": str, "rootTraceName": str, "startTimeUnixNano": digits, "durationMs": int,
        "spanSets": lambda sets: bool(sets) and not has(
            sets, [{"spans": lambda spans: bool(spans) and not has(spans, [SEARCH_SPAN]), "matched": int}]
        ),
    }],
    "metrics": {},
}  # fmt: skip


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


SERIES = {"series": [{"labels": [KEY_VALUE], "samples": [{"timestampMs": digits, "value": _number}]}]}
INSTANT = {"series": [{"labels": [KEY_VALUE], "value": _number}]}
TAGS = {"scopes": [{"name": str, "tags": [str]}]}
TAG_VALUES = {"tagValues": [{"type": str, "value": lambda text: type(text) is str and text != ""}]}


def traces_data(raw: bytes) -> TracesData:
    """TracesData in which every message that Grafana follows without a look is present, and nothing else."""
    found = TracesData.FromString(raw)
    for resource_spans in found.resource_spans:
        assert resource_spans.HasField("resource")
        assert any(pair.key == "service.name" for pair in resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            assert scope_spans.HasField("scope")
            assert scope_spans.spans
            for span in scope_spans.spans:
                assert span.HasField("status")
                assert (len(span.trace_id), len(span.span_id)) == (16, 8)
    assert found.SerializeToString(deterministic=True) == _known(raw)
    return found


def _known(raw: bytes) -> bytes:
    """The message without what the schema does not know."""
    found = TracesData.FromString(raw)
    found.DiscardUnknownFields()
    return found.SerializeToString(deterministic=True)


def trace_by_id(raw: bytes) -> TracesData:
    """The trace in a TraceByIDResponse: field 1, and nothing behind it."""
    assert raw[0] == 0x0A
    length = shift = 0
    at = 1
    while True:
        length |= (raw[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if raw[at - 1] < 0x80:
            break
    assert len(raw) == at + length
    return traces_data(raw[at:])
