"""Parts of an OTLP JSON message, whatever stands in their place."""

from typing import Any


def object_in(owner: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object; an empty one where there is none."""
    found = owner.get(name)
    return found if isinstance(found, dict) else {}


def list_in(owner: dict[str, Any], name: str) -> list[Any]:
    """Return a list; an empty one where there is none."""
    found = owner.get(name)
    return found if isinstance(found, list) else []


def hex_bytes(value: Any) -> bytes:
    """Return the bytes of hex digits in either case; none where there are no such digits."""
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return b""
