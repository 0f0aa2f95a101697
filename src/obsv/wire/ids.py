"""Trace and span ids as OTLP JSON writes them."""

from typing import Any


def hex_id(value: Any, length: int) -> bytes | None:
    """An id of hex digits in any case.

    Args:
        value: what stood in the JSON.
        length: in bytes, 16 for a trace and 8 for a span.

    Returns:
        The id; None when it is of another length, all zero, or no hex.
    """
    if not isinstance(value, str) or len(value) != 2 * length:
        return None
    try:
        found = bytes.fromhex(value)
    except ValueError:
        return None
    return found if len(found) == length and any(found) else None
