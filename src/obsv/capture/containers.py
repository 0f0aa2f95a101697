"""Freezers of dict, list, tuple, set and similar types: limited copies, with secrets masked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from itertools import islice
from typing import Any, TypeAlias

from obsv.capture.frozen import (
    CALL,
    CUT,
    INT_BITS,
    ITEM_ROOM,
    LENGTH_ROOM,
    MASKED,
    PAIR_ROOM,
    SET,
    Freezer,
    Frozen,
    Tools,
    more,
)
from obsv.capture.render import render
from obsv.capture.secrets.redact import LONGEST_NAME, Redactor

# (the first items, number of all items, depth, space) -> the frozen items
ItemsFreezer: TypeAlias = Callable[[list[Any], int, int, list[int]], list[Frozen]]
# (the shown part, number of all items, depth, space) -> the same with its values frozen
ValuesFreezer: TypeAlias = Callable[[dict[Any, Any], int, int, list[int]], dict[Frozen, Frozen]]
# (pairs, number of all pairs, depth, space) -> the frozen dict
PairsFreezer: TypeAlias = Callable[[Iterable[tuple[Any, Any]], int, int, list[int]], dict[Frozen, Frozen]]

# In loops over items, the bounds of an int are literals: reading a name takes longer than the comparison. Longer
# strings count against the remaining space. Ten of these fit any bounds.
SHORT = 100


def items_freezer(tools: Tools) -> ItemsFreezer:
    """Return the function that freezes a list in place, and reports how many items are not in it."""
    freeze = tools.freeze

    def freeze_items(items: list[Any], total: int, depth: int, room: list[int]) -> list[Frozen]:
        used = 0
        for index, item in enumerate(items):
            kind = type(item)
            if kind is str:
                size = len(item)
                if size <= SHORT:
                    used += size
                    continue
            elif kind is int:
                if -1_000_000_000_000_000_000 < item < 1_000_000_000_000_000_000:
                    continue
            elif kind is float or kind is bool or item is None or item is MASKED:
                continue
            items[index] = freeze(item, depth - 1, room)
            if room[0] <= used:
                del items[index + 1 :]
                break
        used += ITEM_ROOM * len(items)
        if used > room[0]:
            used -= _drop_last(items, used - room[0], ITEM_ROOM)
        room[0] -= used
        if total > len(items):
            items.append(more(total - len(items)))
        return items

    return freeze_items


def sequence_freezer(kind: type, tools: Tools, freeze_items: ItemsFreezer) -> Freezer:
    """Return the freezer of an exact list or tuple: one look at each item, as long as all are short atoms."""
    max_items, harmless = tools.limits.max_items, tools.redactor.harmless
    names_secret = _first_names_secret(tools.redactor)
    is_tuple = kind is tuple

    def freeze_sequence(value: Any, depth: int, room: list[int]) -> Frozen:
        total, left = len(value), room[0]
        if total <= max_items and depth > 0:
            copy = value if is_tuple else value.copy()
            used = ITEM_ROOM * total
            for item in copy:
                kind = type(item)
                if kind is str:
                    size = len(item)
                    if size <= SHORT:
                        used += size
                        continue
                elif kind is int:
                    if -1_000_000_000_000_000_000 < item < 1_000_000_000_000_000_000:
                        continue
                elif kind is float or kind is bool or item is None:
                    continue
                break
            else:
                if used <= left and (total != 2 or copy[0] in harmless or not names_secret(copy[0])):
                    room[0] = left - used
                    return copy
        head = list(value[:max_items]) if depth > 0 and left > 0 else []
        items = freeze_items(_without_secret(head, total, names_secret), total, depth, room)
        return tuple(items) if is_tuple else items

    return freeze_sequence


def subclass_freezer(kind: Any, name: str, tools: Tools, freeze_items: ItemsFreezer) -> Freezer:
    """Return the freezer of a subclass of list or tuple, without calling its methods.

    Args:
        kind: list or tuple.
        name: text before the brackets.
    """
    take, measure, head = kind.__getitem__, kind.__len__, slice(0, tools.limits.max_items)
    names_secret = _first_names_secret(tools.redactor)
    wrap: Callable[[list[Frozen]], Frozen] = tuple if kind is tuple else _same

    def freeze_subclass(value: Any, depth: int, room: list[int]) -> Frozen:
        total = measure(value)
        items = list(take(value, head)) if depth > 0 and room[0] > 0 else []
        items = freeze_items(_without_secret(items, total, names_secret), total, depth, room)
        return (..., CALL, name, [wrap(items)])

    return freeze_subclass


def _same(items: list[Frozen]) -> Frozen:
    return items


def _without_secret(items: list[Any], total: int, names_secret: Callable[[Any], bool]) -> list[Any]:
    if total == 2 == len(items) and names_secret(items[0]):
        items[1] = MASKED
    return items


def _first_names_secret(redactor: Redactor) -> Callable[[Any], bool]:
    """Return a test whether the first of two items names the second: headers and form fields are pairs."""
    harmless, is_sensitive = redactor.harmless, redactor.is_sensitive

    def names_secret(first: Any) -> bool:
        if type(first) is bytes:
            first = first[:LONGEST_NAME].decode("latin-1")
        return type(first) is str and first not in harmless and len(first) <= LONGEST_NAME and is_sensitive(first)

    return names_secret


def iterable_freezer(
    name: str, iterate: Callable[[Any], Any], measure: Callable[[Any], int], tools: Tools, freeze_items: ItemsFreezer
) -> Freezer:
    """Return the freezer of types shown as a call with a list: deque([…]), dict_keys([…])."""
    max_items = tools.limits.max_items

    def freeze_iterable(value: Any, depth: int, room: list[int]) -> Frozen:
        shown = list(islice(iterate(value), max_items)) if depth > 0 and room[0] > 0 else []
        return (..., CALL, name, [freeze_items(shown, measure(value), depth, room)])

    return freeze_iterable


def set_freezer(kind: type, name: str, tools: Tools, freeze_items: ItemsFreezer) -> Freezer:
    """Return the freezer of a set or a frozenset, or of a subclass, without calling its methods.

    Args:
        kind: set or frozenset.
        name: text before the braces; "" for an exact set.
    """
    iterate, measure, max_items = kind.__iter__, kind.__len__, tools.limits.max_items  # type: ignore[attr-defined]

    def freeze_set(value: Any, depth: int, room: list[int]) -> Frozen:
        shown = list(islice(iterate(value), max_items)) if depth > 0 and room[0] > 0 else []
        return (..., SET, name, freeze_items(shown, measure(value), depth, room))

    return freeze_set


def dict_freezer(tools: Tools, freeze_pairs: PairsFreezer, freeze_list: Freezer) -> Freezer:
    """Return the freezer of an exact dict: a copy whose values are examined once if all keys are known names."""
    freeze, max_items = tools.freeze, tools.limits.max_items
    harmless, is_sensitive = tools.redactor.harmless, tools.redactor.is_sensitive

    def freeze_dict(value: dict[Any, Any], depth: int, room: list[int]) -> Frozen:
        total, before = len(value), room[0]
        if total > max_items or depth <= 0 or before <= 0:
            return freeze_pairs(value.items(), total, depth, room)
        copy = value.copy()
        used = PAIR_ROOM * total
        for key, item in copy.items():
            if type(key) is not str or (key not in harmless and (len(key) > LONGEST_NAME or is_sensitive(key))):
                room[0] = before
                return freeze_pairs(value.items(), total, depth, room)
            kind = type(item)
            if kind is str:
                size = len(item)
                if size <= SHORT:
                    used += size
                    continue
            elif kind is int:
                if -1_000_000_000_000_000_000 < item < 1_000_000_000_000_000_000:
                    continue
            elif kind is float or kind is bool or item is None:
                continue
            copy[key] = freeze_list(item, depth - 1, room) if kind is list else freeze(item, depth - 1, room)
            if room[0] <= used:
                return _up_to(key, copy, total)
        if used > room[0]:
            return _fitting(copy, total, used, room)
        room[0] -= used
        return copy

    return freeze_dict


def values_freezer(tools: Tools) -> ValuesFreezer:
    """Return the function that freezes the values of a dict in place, whatever its keys; masked values stay masked."""
    freeze = tools.freeze

    def freeze_values(shown: dict[Any, Any], total: int, depth: int, room: list[int]) -> dict[Frozen, Frozen]:
        used = PAIR_ROOM * len(shown)
        for key, item in shown.items():
            kind = type(item)
            if kind is str:
                size = len(item)
                if size <= SHORT:
                    used += size
                    continue
            elif kind is int:
                if -1_000_000_000_000_000_000 < item < 1_000_000_000_000_000_000:
                    continue
            elif kind is float or kind is bool or item is None or item is MASKED:
                continue
            shown[key] = freeze(item, depth - 1, room)
            if room[0] <= used:
                return _up_to(key, shown, total)
        if used > room[0]:
            return _fitting(shown, total, used, room)
        room[0] -= used
        return shown if total == len(shown) else _with_rest(shown, total)

    return freeze_values


def _up_to(last: str, shown: dict[Any, Frozen], total: int) -> dict[Frozen, Frozen]:
    first: dict[Frozen, Frozen] = {}
    for key, item in shown.items():
        first[key] = item
        if key == last:
            break
    return _with_rest(first, total)


def _fitting(shown: dict[Any, Frozen], total: int, used: int, room: list[int]) -> dict[Frozen, Frozen]:
    items = list(shown.values())
    room[0] -= used - _drop_last(items, used - room[0], PAIR_ROOM)
    while len(shown) > len(items):
        shown.popitem()
    return _with_rest(shown, total)


def _drop_last(items: list[Frozen], excess: int, each: int) -> int:
    """Remove the last items that do not fit, but never the first one; return the number of characters freed."""
    freed = 0
    while freed < excess and len(items) > 1:
        freed += each + _size(items.pop())
    return freed


def _size(item: Frozen) -> int:
    if type(item) is str:
        return len(item)
    is_cut = type(item) is tuple and len(item) == 4 and item[:2] == (..., CUT)
    return len(item[2]) + LENGTH_ROOM if is_cut else 0


def _with_rest(shown: dict[Frozen, Frozen], total: int) -> dict[Frozen, Frozen]:
    if total > len(shown):
        shown[more(total - len(shown))] = ...
    return shown


def pairs_freezer(tools: Tools) -> PairsFreezer:
    """Return the function that freezes key-value pairs with arbitrary keys."""
    freeze, max_items, harmless = tools.freeze, tools.limits.max_items, tools.redactor.harmless
    freeze_key = key_freezer(tools)

    def freeze_pairs(pairs: Iterable[tuple[Any, Any]], total: int, depth: int, room: list[int]) -> dict[Frozen, Frozen]:
        shown: dict[Frozen, Frozen] = {}
        # One call into C copies the pairs, so that no other thread changes the dict meanwhile.
        for key, item in list(islice(pairs, max_items)) if depth > 0 and room[0] > 0 else ():
            if type(key) is str and key in harmless:
                shown[key] = freeze(item, depth - 1, room)
            else:
                name, is_secret = freeze_key(key)
                shown[name] = MASKED if is_secret else freeze(item, depth - 1, room)
            room[0] -= PAIR_ROOM
            if room[0] <= 0:
                break
        return _with_rest(shown, total)

    return freeze_pairs


def mapping_freezer(kind: type, name: str, freeze_pairs: PairsFreezer) -> Freezer:
    """Return the freezer of a subclass of dict or OrderedDict, without calling the subclass's methods."""
    items, measure = kind.items, kind.__len__  # type: ignore[attr-defined]

    def freeze_mapping(value: Any, depth: int, room: list[int]) -> Frozen:
        return (..., CALL, name, [freeze_pairs(items(value), measure(value), depth, room)])

    return freeze_mapping


def key_freezer(tools: Tools) -> Callable[[Any], tuple[Frozen, bool]]:
    """Return the function that freezes a dict's key, and tells whether it names a secret."""
    freeze, is_sensitive = tools.freeze, tools.redactor.is_sensitive

    def freeze_key(key: Any) -> tuple[Frozen, bool]:
        kind = type(key)
        if kind is float or kind is bool or key is None or (kind is int and key.bit_length() <= INT_BITS):
            return key, False
        is_secret = any(map(is_sensitive, key_names(key)))
        if (kind is str or kind is bytes) and len(key) <= SHORT:
            return key, is_secret
        return (..., render(freeze(key, 1, [SHORT]), SHORT)), is_secret

    return freeze_key


def key_names(key: Any) -> list[str]:
    """Return the parts of a key that can name a secret: its text or parts, or an enum member's name and value."""
    kind = type(key)
    if kind is str:
        return [key]
    if kind is tuple:
        return [part for part in key[:LONGEST_NAME] if type(part) is str]
    if issubclass(kind, Enum):
        own = object.__getattribute__(key, "__dict__")
        return [name for name in (dict.get(own, "_name_"), dict.get(own, "_value_")) if type(name) is str]
    if issubclass(kind, str):
        return [str.__str__(key)]
    if issubclass(kind, bytes):
        return [bytes.__getitem__(key, slice(0, LONGEST_NAME)).decode("latin-1")]
    return []


def deque_freezer(name: str, tools: Tools, freeze_items: ItemsFreezer) -> Freezer:
    """Return the freezer of a deque or a subclass; an exact one tells its greatest length as well."""
    freeze_deque = iterable_freezer(name, deque.__iter__, deque.__len__, tools, freeze_items)
    length_of: Any = deque.__dict__["maxlen"].__get__

    def freeze_exactly(value: Any, depth: int, room: list[int]) -> Frozen:
        *head, items = freeze_deque(value, depth, room)
        return (*head, [*items, length_of(value)])

    return freeze_exactly if tools.limits.is_exact else freeze_deque
