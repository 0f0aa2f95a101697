"""From a value to what is kept of it; runs at call time, on the user's thread."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Literal, TypeAlias

from obsv.capture.frozen import CUT, INT_BITS, MASKED, Frozen, described_at, more
from obsv.capture.limits import Limits
from obsv.capture.redact import Redactor

Snapshot: TypeAlias = Callable[[object], Frozen]
Serializer: TypeAlias = Literal["smart", "repr", "json"] | Callable[[Any], str]


def make_snapshot(
    limits: Limits | None = None, redactor: Redactor | None = None, serializer: Serializer = "smart"
) -> Snapshot:
    """The function that keeps what is shown of a value; make it once and use it for every call.

    Args:
        limits: bounds of what is kept.
        redactor: which keys and attributes are masked.
        serializer: "smart", "repr", "json", or a function from the value to its text.

    Returns:
        A function that takes any value and never raises. A caller may skip it for a value that is kept as it is:
        `v if type(v) in ATOMS or (type(v) is str and len(v) <= limits.max_repr) else snapshot(v)`.
    """
    limits = limits or Limits()
    redactor = redactor or Redactor()
    max_repr, depth = limits.max_repr, limits.max_depth

    def snapshot(value: object) -> Frozen:
        kind = type(value)
        if kind is str:
            if len(value) <= max_repr:  # type: ignore[arg-type]
                return value
        elif kind is int:
            if value.bit_length() <= INT_BITS:  # type: ignore[attr-defined]
                return value
        elif kind is float or kind is bool or value is None:
            return value
        return freeze(value, depth)

    def freeze(value: Any, depth: int) -> Frozen:
        kind = type(value)
        if kind is str or kind is bytes:
            return value if len(value) <= max_repr else (..., CUT, value[:max_repr], len(value))
        if (kind is int and value.bit_length() <= INT_BITS) or kind in (float, bool, complex, type(None)):
            return value
        if kind is list:
            shown = [freeze(item, depth - 1) for item in value[: limits.max_items]] if depth else []
            return [*shown, more(len(value) - len(shown))] if len(value) > len(shown) else shown
        if kind is tuple:
            return tuple(freeze(list(value), depth))
        if kind is dict:
            out: dict[Frozen, Frozen] = {}
            for key, item in islice(value.items(), limits.max_items if depth else 0):
                if type(key) is str and redactor.is_sensitive(key):
                    out[key] = MASKED
                else:
                    out[key if type(key) in (str, int) else (..., repr(type(key)))] = freeze(item, depth - 1)
            if len(value) > len(out):
                out[more(len(value) - len(out))] = ...
            return out
        return described_at(kind.__qualname__, value)

    return snapshot


snapshot: Snapshot = make_snapshot()
