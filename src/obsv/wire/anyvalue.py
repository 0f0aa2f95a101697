"""OTLP's AnyValue in OTLP JSON (`AnyDict`) and as the store keeps it. `messages.py` has it in protobuf.

The store keeps JSON's own kinds as they are (whole numbers without, others with a point or exponent) and writes what
JSON cannot say exactly (bytes, maps, NaN and the infinities) as OTLP JSON.
"""

import math
from typing import Any, TypeAlias

AnyDict: TypeAlias = dict[str, Any]
Stored: TypeAlias = Any  # None | bool | int | float | str | list[Stored] | AnyDict


def double(number: float) -> float | str:
    """A double in OTLP JSON: the three that JSON has no number for are text."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


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
