"""A first look at dicts and lists that are small and plain, as most arguments and results are.

Where every key is a known name and every item a short atom, or in a dict a list of such, they fit into the space of a
value whatever their texts: none is measured, which halves the steps of `containers.py`. Everything else is left to
that, and the result is the same.
"""

from collections.abc import Callable
from typing import Any

from obsv.capture.containers import SHORT
from obsv.capture.frozen import ITEM_ROOM, PAIR_ROOM, Frozen
from obsv.capture.kinds import Kinds

# Most space of a pair, and of an item.
_PAIR, _ITEM = PAIR_ROOM + SHORT, ITEM_ROOM + SHORT


def small_freezers(kinds: Kinds) -> tuple[Callable[[dict[Any, Any]], Frozen], Callable[[list[Any]], Frozen]]:
    """Return the functions that freeze an exact dict, and an exact list, as an argument or a result."""
    limits = kinds.tools.limits
    freeze_dict, freeze_list = kinds.known[id(dict)], kinds.known[id(list)]
    depth, max_repr, harmless = limits.max_depth, limits.max_repr, kinds.tools.redactor.harmless
    most_pairs, most_items = min(limits.max_items, max_repr // _PAIR), min(limits.max_items, max_repr // _ITEM)
    # In cells: looking for a builtin takes three times as long.
    kind_of, size_of, text, number, real, truth = type, len, str, int, float, bool
    listed = list if depth > 1 else None

    def small_dict(value: dict[Any, Any]) -> Frozen:
        if size_of(value) > most_pairs:
            return freeze_dict(value, depth, [max_repr])
        copy = value.copy()
        left = max_repr - _PAIR * size_of(copy)
        for key, item in copy.items():
            if kind_of(key) is text and key in harmless:
                kind = kind_of(item)
                if kind is text:
                    if size_of(item) <= 100:
                        continue
                elif kind is number:
                    # The interpreter itself compares ints of 30 bits.
                    if -1_000_000_000 < item < 1_000_000_000:
                        continue
                elif kind is real or item is None or kind is truth:
                    continue
                elif kind is listed:
                    items = plain_items(item)
                    if items is not None:
                        left -= _ITEM * size_of(items)
                        if left >= 0:
                            copy[key] = items
                            continue
            return freeze_dict(value, depth, [max_repr])
        return copy if size_of(copy) <= most_pairs else freeze_dict(value, depth, [max_repr])

    def small_list(value: list[Any]) -> Frozen:
        items = plain_items(value)
        return freeze_list(value, depth, [max_repr]) if items is None else items

    def plain_items(value: list[Any]) -> list[Any] | None:
        """Return a copy of a short list of short atoms; None for another, and for a pair that may have a secret."""
        if size_of(value) > most_items:
            return None
        copy = value.copy()
        for item in copy:
            kind = kind_of(item)
            if kind is text:
                if size_of(item) <= 100:
                    continue
            elif kind is number:
                if -1_000_000_000 < item < 1_000_000_000:
                    continue
            elif kind is real or item is None or kind is truth:
                continue
            return None
        return copy if size_of(copy) <= most_items and (size_of(copy) != 2 or copy[0] in harmless) else None

    return small_dict, small_list
