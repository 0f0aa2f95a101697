"""OTLP's AnyValue in its three forms: protobuf message, OTLP JSON (`AnyDict`), and as the store keeps it.

The store keeps JSON's own kinds as they are (whole numbers without, others with a point or exponent) and writes what
JSON cannot say exactly (bytes, maps, NaN and the infinities) as OTLP JSON.
"""

import base64
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

AnyDict: TypeAlias = dict[str, Any]
Stored: TypeAlias = Any  # None | bool | int | float | str | list[Stored] | AnyDict


def to_dict(value: AnyValue) -> AnyDict:
    """OTLP JSON of a protobuf AnyValue; `{}` when it holds nothing."""
    kind = value.WhichOneof("value")
    return _TO_DICT[kind](value) if kind in _TO_DICT else {}


_TO_DICT: dict[str | None, Callable[[AnyValue], AnyDict]] = {
    "string_value": lambda v: {"stringValue": v.string_value},
    "bool_value": lambda v: {"boolValue": v.bool_value},
    "int_value": lambda v: {"intValue": str(v.int_value)},
    "double_value": lambda v: {"doubleValue": double(v.double_value)},
    "bytes_value": lambda v: {"bytesValue": base64.b64encode(v.bytes_value).decode()},
    "array_value": lambda v: {"arrayValue": {"values": [to_dict(item) for item in v.array_value.values]}},
    "kvlist_value": lambda v: {"kvlistValue": {"values": key_values(v.kvlist_value.values)}},
}


def key_values(pairs: Any) -> list[AnyDict]:
    """OTLP JSON of a repeated protobuf KeyValue."""
    return [{"key": pair.key, "value": to_dict(pair.value)} for pair in pairs]


def double(number: float) -> float | str:
    """A double in OTLP JSON: the three that JSON has no number for are text."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def to_stored(value: AnyDict) -> Stored:
    """The stored form of a clean OTLP JSON AnyValue (as `Cleaner.value` returns it)."""
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "arrayValue":
            return [to_stored(item) for item in content["values"]]
        if kind in ("bytesValue", "kvlistValue") or (kind == "doubleValue" and isinstance(content, str)):
            return value
        return content
    return None


def from_stored(value: Stored) -> AnyDict:
    """OTLP JSON of a stored value."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"arrayValue": {"values": [from_stored(item) for item in value]}}


def fill(message: AnyValue, value: AnyDict) -> None:
    """Set a protobuf AnyValue from OTLP JSON."""
    for kind, content in value.items():
        if kind == "stringValue":
            message.string_value = content
        elif kind == "boolValue":
            message.bool_value = content
        elif kind == "intValue":
            message.int_value = int(content)
        elif kind == "doubleValue":
            message.double_value = float(content)
        elif kind == "bytesValue":
            message.bytes_value = base64.b64decode(content)
        else:
            _fill_container(message, kind, content)


def _fill_container(message: AnyValue, kind: str, content: AnyDict) -> None:
    if kind == "arrayValue":
        message.array_value.SetInParent()
        for item in content["values"]:
            fill(message.array_value.values.add(), item)
    else:
        message.kvlist_value.SetInParent()
        fill_pairs(message.kvlist_value.values, content["values"])


def fill_pairs(target: Any, pairs: list[AnyDict]) -> None:
    """Append OTLP JSON KeyValues to a repeated protobuf KeyValue."""
    for pair in pairs:
        added = target.add(key=pair["key"])
        fill(added.value, pair.get("value", {}))
