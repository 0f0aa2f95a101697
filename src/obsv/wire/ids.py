"""Trace and span IDs in OTLP JSON."""

from typing import Any


def hex_id(value: Any, length: int) -> bytes | None:
    """Return an ID of hex digits in any case.

    Args:
        value: the value in the JSON.
        length: in bytes, 16 for a trace and 8 for a span.

    Returns:
        The ID; None if it has another length, is all zero, or is not hex.
    """
    if not isinstance(value, str) or len(value) != 2 * length:
        return None
    try:
        found = bytes.fromhex(value)
    except ValueError:
        return None
    return found if len(found) == length and any(found) else None
