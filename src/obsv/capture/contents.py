"""Freezers of exact snapshots: arrays and frames with their first values, objects with their attributes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import GetSetDescriptorType
from typing import Any, TypeAlias

from obsv.capture.containers import PairsFreezer, key_names
from obsv.capture.frozen import FIELDS, MASKED, Freezer, Frozen, Tools
from obsv.capture.names import class_attribute, class_name, module_name

# Values of an array, or rows of a frame, that are kept.
MOST_VALUES = 500
MOST_ROWS = 20
MOST_COLUMNS = 50
# Kinds of numpy's types whose values are Python's numbers, truth values or texts.
_PLAIN = frozenset("biufUO")

# Returns whether a label of a column, a row or a series names a secret.
_IsSecret: TypeAlias = Callable[[Any], bool]


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
        # A `__dict__` can be of a subclass, whose methods are the program's.
        return (..., FIELDS, name, freeze_pairs(dict.items(own), dict.__len__(own), depth, room))

    return freeze_object


def _is_library(kind: type) -> bool:
    return module_name(kind).partition(".")[0] in sys.stdlib_module_names


def array_values_freezer(kind: type, tools: Tools) -> Freezer | None:
    """Return the freezer of a numpy array, a pandas frame or a series with its first values; None for other classes.

    Of these classes alone, never of a subclass, whose methods are the program's. What stands under the name of a secret
    is masked: a column, a row, a field, and the labels of an index of that name.
    """
    root, name = module_name(kind).partition(".")[0], class_name(kind)
    make = _READERS.get((root, name))
    if make is None or getattr(sys.modules.get(root), name, None) is not kind:
        return None
    is_sensitive = tools.redactor.is_sensitive

    def is_secret(label: Any) -> bool:
        return any(map(is_sensitive, key_names(label)))

    def freeze_field(field: Any, depth: int, room: list[int]) -> Frozen:
        return field if field is MASKED else tools.freeze(field, depth, room)

    def freeze_values(value: Any, depth: int, room: list[int]) -> Frozen:
        fields = make(value, is_secret)
        room[0] -= 8 * MOST_VALUES
        return (..., FIELDS, name, {field: freeze_field(each, depth, room) for field, each in fields.items()})

    return freeze_values


def _freeze_array(value: Any, is_secret: _IsSecret) -> dict[str, Any]:
    return {"dtype": value.dtype.str, "shape": value.shape, "values": _first_values(value.flat[:MOST_VALUES])}


def _first_values(head: Any) -> list[Any]:
    if head.dtype.kind in _PLAIN:
        values: list[Any] = head.tolist()
        return values
    if head.dtype.hasobject:
        return []  # the text of such a row is that of its objects, which are the program's
    return [str(each) if head.dtype.names is None else _record(each) for each in head]


def _record(row: Any) -> Any:
    """Return a row of a structured array as a dict, whose freezer masks by the names of the fields."""
    names = row.dtype.names
    # A field may itself be an array, which has a freezer of its own.
    return _plain(row) if names is None or row.shape else {name: _record(row[name]) for name in names}


def _freeze_frame(value: Any, is_secret: _IsSecret) -> dict[str, Any]:
    head, columns = value.iloc[:MOST_ROWS], value.columns[:MOST_COLUMNS]
    hidden = _secret_rows(head.index, is_secret)
    return {
        "rows": len(value),
        "columns": _labels(columns, is_secret),
        "dtypes": [str(each) for each in value.dtypes[:MOST_COLUMNS]],
        "index": _index(head.index, is_secret),
        "values": [MASKED if is_secret(name) else _column(head.iloc[:, at], hidden) for at, name in enumerate(columns)],
    }


def _freeze_series(value: Any, is_secret: _IsSecret) -> dict[str, Any]:
    head = value.iloc[:MOST_VALUES]
    return {
        "rows": len(value),
        "name": value.name,
        "dtype": str(value.dtype),
        "index": _index(head.index, is_secret),
        "values": MASKED if is_secret(value.name) else _column(head, _secret_rows(head.index, is_secret)),
    }


def _index(index: Any, is_secret: _IsSecret) -> Frozen:
    """Return the first labels; None where rows are numbered."""
    return None if _is_numbered(index) else _labels(index[:MOST_ROWS], is_secret)


def _is_numbered(index: Any) -> bool:
    return class_name(type(index)) == "RangeIndex"


def _labels(index: Any, is_secret: _IsSecret) -> Frozen:
    return MASKED if any(map(is_secret, index.names)) else [_plain(each) for each in index]


def _secret_rows(index: Any, is_secret: _IsSecret) -> frozenset[int]:
    """Return the positions of rows whose labels name secrets."""
    return frozenset() if _is_numbered(index) else frozenset(at for at, label in enumerate(index) if is_secret(label))


def _column(head: Any, hidden: frozenset[int]) -> list[Any]:
    as_text = getattr(head.dtype, "kind", "O") not in "biufO"
    return [MASKED if at in hidden else str(each) if as_text else _plain(each) for at, each in enumerate(head)]


def _plain(value: Any) -> Any:
    """Return Python's own number or text for one of numpy's."""
    numpy = sys.modules.get("numpy")
    # A void loses the names of its fields, by which secrets are found.
    if numpy is None or not issubclass(type(value), numpy.generic) or issubclass(type(value), numpy.void):
        return value
    return numpy.generic.item(value)


_READERS: dict[tuple[str, str], Callable[[Any, _IsSecret], dict[str, Any]]] = {
    ("numpy", "ndarray"): _freeze_array,
    ("pandas", "DataFrame"): _freeze_frame,
    ("pandas", "Series"): _freeze_series,
}
