"""OTLP's AnyValue in OTLP JSON (`AnyDict`) and as stored. `messages.py` has it in protobuf.

The store keeps JSON's own types unchanged (integers without, other numbers with a point or exponent) and writes values
that JSON cannot represent exactly (bytes, maps, NaN and the infinities) as OTLP JSON.
"""

import math
from typing import Any, TypeAlias

AnyDict: TypeAlias = dict[str, Any]
Stored: TypeAlias = Any  # None | bool | int | float | str | list[Stored] | AnyDict


def double(number: float) -> float | str:
    """Return a double in OTLP JSON: the three without a JSON number are text."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def from_stored(value: Stored) -> AnyDict:
    """Return OTLP JSON of a stored value."""
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
