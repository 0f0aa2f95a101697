"""Detection of values that hide nothing: each of their members would be shown, and none masked.

Only these may be stored in addition to their text: a pickle of an object that is shown only by its type contains
everything it holds.
"""

from __future__ import annotations

import sys
import types
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, TypeAlias

from obsv.capture.names import ancestry, class_attribute, class_name, members_of_class, module_name
from obsv.capture.own_repr import hides_content
from obsv.capture.records import namedtuple_fields, plain_fields
from obsv.capture.secrets.redact import Redactor

# A megabyte of numbers, the maximum that is stored of a call's inputs.
_MAX_MEMBERS = 200_000

# The members of a value; None if it may hide something.
_Members: TypeAlias = "list[Any] | None"

_NUMBERS = (type(None), bool, int, float, complex, range, slice, array, types.FunctionType, types.BuiltinFunctionType)
_SEQUENCES = (list, tuple, set, frozenset, deque)
_SCALARS = frozenset(
    (
        *(("datetime", "date"), ("datetime", "timedelta"), ("decimal", "Decimal"), ("fractions", "Fraction")),
        *(
            ("uuid", "UUID"),
            ("datetime", "timezone"),
            ("zoneinfo", "ZoneInfo"),
            ("pathlib", "PosixPath"),
            ("pathlib._local", "PosixPath"),
        ),
        *(
            ("pathlib", "WindowsPath"),
            ("pathlib._local", "WindowsPath"),
            ("pathlib", "PurePosixPath"),
            ("pathlib._local", "PurePosixPath"),
            ("pathlib", "PureWindowsPath"),
            ("pathlib._local", "PureWindowsPath"),
            ("datetime", "time"),
        ),
    )
)
# Hooks that determine the content of a pickle instead.
_PICKLERS = ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__")


def is_open(value: Any, redactor: Redactor) -> bool:
    """Return whether a value hides nothing, down to its last member; no code of the program runs."""
    waiting, seen, left = [value], set(), _MAX_MEMBERS
    while waiting:
        one = waiting.pop()
        left -= 1
        if left < 0:
            return False
        if id(one) in seen:
            continue
        members = _members(one, redactor)
        if members is None:
            return False
        if members:
            # Members live as long as their container, so that no address is reused.
            seen.add(id(one))
            waiting += members
    return True


def _members(value: Any, redactor: Redactor) -> _Members:
    kind = type(value)
    # By `is`: testing membership in a set would run the `__hash__` of a metaclass.
    if any(kind is known for known in _NUMBERS):
        return []
    if kind is str:
        return [] if redactor.redact_value(value) == value else None
    if kind is bytes or kind is bytearray:
        return _members(value.decode("latin-1"), redactor)
    if any(kind is known for known in _SEQUENCES):
        return _of_sequence(value, redactor)
    if kind is dict or kind is OrderedDict:
        return _of_pairs(value, redactor)
    return _of_object(value, kind, redactor)


def _of_sequence(value: Any, redactor: Redactor) -> _Members:
    items = list(value)
    # Headers and form fields are pairs whose first item names the second.
    is_named = len(items) == 2 and type(items[0]) is str and redactor.is_sensitive(items[0])
    return None if is_named else items


def _of_pairs(pairs: Any, redactor: Redactor) -> _Members:
    if any(type(key) is str and redactor.is_sensitive(key) for key in pairs):
        return None
    return [*pairs.keys(), *pairs.values()]


def _of_object(value: Any, kind: type, redactor: Redactor) -> _Members:
    if issubclass(kind, Enum):
        return []
    if (module_name(kind), class_name(kind)) in _SCALARS and _is_the_library(kind):
        return []
    if module_name(kind) == "datetime" and class_name(kind) == "datetime" and _is_the_library(kind):
        return [value.tzinfo]
    if module_name(kind) == "numpy" and class_name(kind) == "ndarray":
        # Numbers, booleans and times contain no text.
        return [] if value.dtype.kind in "biufcmM" else None
    return None if hides_content(kind) else _of_record(value, kind, redactor)


def _is_the_library(kind: type) -> bool:
    """Return whether a class really belongs to the standard library and does not only claim to."""
    return getattr(sys.modules.get(module_name(kind)), class_name(kind), None) is kind


def _of_record(value: Any, kind: type, redactor: Redactor) -> _Members:
    """Return the members of a namedtuple, dataclass or attrs class that has only the fields that it shows."""
    if any(_is_written(kind, name) for name in _PICKLERS):
        return None
    own = _own(value, kind)
    fields = namedtuple_fields(kind)
    if fields is not None:
        return list(tuple.__iter__(value)) if not own and _are_readable(fields, redactor) else None
    fields = plain_fields(kind)
    if fields is None or not _are_readable(fields, redactor) or set(own) - set(fields) or _slots(kind) - set(fields):
        return None
    held: list[Any] = []
    for field in fields:
        try:
            held.append(object.__getattribute__(value, field))
        except AttributeError:
            continue
    return held


def _own(value: Any, kind: type) -> dict[str, Any]:
    has_namespace = type(class_attribute(kind, "__dict__")) is GetSetDescriptorType
    return object.__getattribute__(value, "__dict__") if has_namespace else {}


def _slots(kind: type) -> set[str]:
    return {
        name
        for base in ancestry(kind)
        for name, held in members_of_class(base).items()
        if type(held) is MemberDescriptorType
    }


def _are_readable(fields: tuple[str, ...], redactor: Redactor) -> bool:
    return not any(map(redactor.is_sensitive, fields))


def _is_written(kind: type, name: str) -> bool:
    """Return whether the program defines how values are pickled; attrs and collections do so for their own classes."""
    held = class_attribute(kind, name)
    code: Callable[..., Any] | None = getattr(held, "__code__", None) if type(held) is types.FunctionType else None
    if code is None:
        return False
    file = code.co_filename  # type: ignore[attr-defined]
    return not (file.startswith("<attrs generated") or held.__module__ in ("collections", "attr._make", "dataclasses"))
