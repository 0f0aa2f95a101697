"""JSON of a row, whatever its content: a damaged row is shown as damaged and affects no other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import repeat
from typing import Any

DAMAGED = "(damaged)"
# The keys that viewers of events and links rely on.
_PARTS = {"events": ("name",), "links": ("traceId", "spanId")}
_FIELDS = [(DAMAGED, "INPUT")]


def read_fields(text: str) -> list[tuple[str, str]]:
    """Return names and directions of a signature's values."""
    found = _read(text)
    try:
        return [(str(name), str(kind)) for name, kind in found] if isinstance(found, list) else _FIELDS
    except (TypeError, ValueError):
        return _FIELDS


def read_values(text: str) -> Iterable[Any]:
    """Return the values of a call, in the order of its fields."""
    found = _read(text)
    return found if isinstance(found, list) else repeat(DAMAGED)


def read_shown(text: str) -> Any:
    """Return the content of a JSON text, to be shown; of a damaged one, the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def read_object(text: str | None) -> dict[str, Any]:
    """Return a JSON object; an empty one if the text is not an object."""
    found = _read(text) if text else None
    return found if isinstance(found, dict) else {}


def read_detail(text: str | None) -> dict[str, Any]:
    """Return the rare parts of a call; its events and links are objects whose attributes have keys and values."""
    if not text:
        return {}
    found = _read(text)
    if not isinstance(found, dict):
        return {"statusMessage": DAMAGED}
    for part in _PARTS.keys() & found.keys():
        found[part] = [
            {**each, "attributes": pairs_of(each)} if "attributes" in each else each
            for each in objects(found[part])
            if all(isinstance(each.get(key), str) for key in _PARTS[part])
        ]
    return found


def pairs_of(holder: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the attributes of a resource, a scope, an event or a link that have a key and a value."""
    return [
        pair
        for pair in objects(holder.get("attributes"))
        if isinstance(pair.get("key"), str) and isinstance(pair.get("value"), dict)
    ]


def attributes_of(text: str) -> dict[str, Any]:
    """The attributes of a resource or a scope as the store keeps values, by key."""
    try:
        return {pair["key"]: to_stored(pair["value"]) for pair in pairs_of(read_object(text))}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def to_stored(value: dict[str, Any]) -> Any:
    """The stored form of a clean OTLP JSON AnyValue: JSON's own kinds; what JSON cannot say exactly as OTLP JSON."""
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "arrayValue":
            return [to_stored(item) for item in content["values"]]
        if kind in ("bytesValue", "kvlistValue") or (kind == "doubleValue" and isinstance(content, str)):
            return value
        return content
    return None


def objects(found: Any) -> list[dict[str, Any]]:
    """Return the objects in a value that should be an array of objects."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
