"""The usual dict or list: a few plain items under known names, copied in one pass, without a call per item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obsv.capture.containers import SHORT
from obsv.capture.limits import Limits
from obsv.capture.redact import Redactor

# The bounds of an int are written out: a name with a minus before it takes 60 ns an item.


def small_freezer(limits: Limits, redactor: Redactor) -> Callable[[Any], Any]:
    """The function that copies a small exact dict or list of short atoms, or of lists of those.

    Returns:
        A function that returns None for anything else, which the freezers by kind then look at: 0.5 µs instead of
        1.3 µs for `{"desk": "eq", "trader": "t42", "tags": ["a", "b"]}`.
    """
    max_items, harmless = limits.max_items, redactor.harmless

    def is_plain(items: list[Any]) -> bool:
        for item in items:
            kind = type(item)
            if kind is str:
                if len(item) > SHORT:
                    return False
            elif kind is int:
                if not -1_000_000_000_000_000_000 < item < 1_000_000_000_000_000_000:
                    return False
            elif kind is not float and kind is not bool and item is not None:
                return False
        # Two items can be a name and its secret value, as headers are.
        return len(items) != 2 or type(items[0]) is not str or items[0] in harmless

    def small(value: Any) -> Any:
        kind = type(value)
        if (kind is not dict and kind is not list) or len(value) > max_items:
            return None
        copy = value.copy()
        if kind is list:
            return copy if is_plain(copy) else None
        for key, item in copy.items():
            if type(key) is not str or key not in harmless:
                return None
            kind = type(item)
            if kind is str:
                if len(item) > SHORT:
                    return None
            elif kind is int:
                if not -1_000_000_000_000_000_000 < item < 1_000_000_000_000_000_000:
                    return None
            elif kind is list:
                if len(item) > max_items:
                    return None
                copy[key] = items = item.copy()
                if not is_plain(items):
                    return None
            elif kind is not float and kind is not bool and item is not None:
                return None
        return copy

    # A nested list is one container within another; where fewer are shown, the freezers by kind do it.
    return small if limits.max_depth > 1 else lambda _: None
