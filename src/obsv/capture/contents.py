"""Freezers of exact snapshots: arrays and frames with their first values, objects with their attributes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import GetSetDescriptorType
from typing import Any

from obsv.capture.containers import PairsFreezer
from obsv.capture.frozen import FIELDS, Freezer, Frozen, Tools
from obsv.capture.names import class_attribute, class_name, module_name

# Values of an array, or rows of a frame, that are kept.
MOST_VALUES = 500
MOST_ROWS = 20
MOST_COLUMNS = 50
# Kinds of numpy's types whose values are Python's numbers, truth values or texts.
_PLAIN = frozenset("biufUO")


def object_freezer(kind: type, freeze_pairs: PairsFreezer) -> Freezer | None:
    """Return the freezer of a plain object by its attributes; None for classes that hide or compute them.

    A class of the standard library, one written in C and one with a repr of its own are shown by their names alone.
    """
    if class_attribute(kind, "__repr__") is not object.__repr__:
        return None
    if class_attribute(kind, "__getattribute__") is not object.__getattribute__:
        return None
    if type(class_attribute(kind, "__dict__")) is not GetSetDescriptorType or _is_library(kind):
        return None
    name = class_name(kind)

    def freeze_object(value: Any, depth: int, room: list[int]) -> Frozen:
        own = object.__getattribute__(value, "__dict__")
        return (..., FIELDS, name, freeze_pairs(own.items(), len(own), depth, room))

    return freeze_object


def _is_library(kind: type) -> bool:
    return module_name(kind).partition(".")[0] in sys.stdlib_module_names


def array_values_freezer(kind: type, tools: Tools) -> Freezer | None:
    """Return the freezer of a numpy array, a pandas frame or a series with its first values; None for other classes.

    Of these classes alone, never of a subclass, whose methods are the program's.
    """
    root, name = module_name(kind).partition(".")[0], class_name(kind)
    make = _READERS.get((root, name))
    if make is None or getattr(sys.modules.get(root), name, None) is not kind:
        return None

    def freeze_values(value: Any, depth: int, room: list[int]) -> Frozen:
        fields = make(value)
        room[0] -= 8 * MOST_VALUES
        return (..., FIELDS, name, {field: tools.freeze(each, depth, room) for field, each in fields.items()})

    return freeze_values


def _freeze_array(value: Any) -> dict[str, Any]:
    head = value.flat[:MOST_VALUES]
    values = head.tolist() if value.dtype.kind in _PLAIN else [str(each) for each in head]
    return {"dtype": value.dtype.str, "shape": value.shape, "values": values}


def _freeze_frame(value: Any) -> dict[str, Any]:
    columns = list(value.columns)[:MOST_COLUMNS]
    return {
        "rows": len(value),
        "columns": columns,
        "dtypes": [str(each) for each in value.dtypes[:MOST_COLUMNS]],
        "index": _index(value),
        "values": [_column(value.iloc[:MOST_ROWS, at]) for at in range(len(columns))],
    }


def _freeze_series(value: Any) -> dict[str, Any]:
    head = value.iloc[:MOST_VALUES]
    return {
        "rows": len(value),
        "name": value.name,
        "dtype": str(value.dtype),
        "index": _index(head),
        "values": _column(head),
    }


def _index(value: Any) -> list[Any] | None:
    """Return the first labels; None where rows are numbered."""
    index = value.index
    return None if type(index).__name__ == "RangeIndex" else [_plain(each) for each in index[:MOST_ROWS]]


def _column(head: Any) -> list[Any]:
    as_text = getattr(head.dtype, "kind", "O") not in "biufO"
    return [str(each) if as_text else _plain(each) for each in head]


def _plain(value: Any) -> Any:
    """Return Python's own number for one of numpy's."""
    return value.item() if type(value).__module__ == "numpy" else value


_READERS: dict[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
    ("numpy", "ndarray"): _freeze_array,
    ("pandas", "DataFrame"): _freeze_frame,
    ("pandas", "Series"): _freeze_series,
}
