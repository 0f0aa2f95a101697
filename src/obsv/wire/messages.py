"""Conversion of OTLP's AnyValue and KeyValue between protobuf messages and OTLP JSON."""

import base64
from collections.abc import Callable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from obsv.wire.anyvalue import AnyDict, double


def to_dict(value: AnyValue) -> AnyDict:
    """Return OTLP JSON of a protobuf AnyValue; `{}` if it is empty."""
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
    """Return OTLP JSON of a repeated protobuf KeyValue."""
    return [{"key": pair.key, "value": to_dict(pair.value)} for pair in pairs]


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
