"""Freezers of objects that declare their fields: dataclass, attrs, pydantic, namedtuple.

Fields are read from where they are stored, never through a user's property, `__getattr__` or `__getattribute__`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any, TypeAlias

from obsv.capture.containers import PairsFreezer, values_freezer
from obsv.capture.frozen import FIELDS, MASKED, Freezer, Frozen, Tools, at_freezer
from obsv.capture.names import ancestry, class_attribute, class_name, module_name
from obsv.capture.own_repr import hides_content, shown_by

_Values: TypeAlias = Callable[[Any], "tuple[Any, ...]"]


def record_freezer(kind: type, tools: Tools, freeze_pairs: PairsFreezer) -> Freezer | None:
    """Return the freezer of a class that declares its fields; None for other classes."""
    name = class_name(kind)
    if _is_pydantic(kind):
        return at_freezer(name) if shown_by(kind) is None else _model_freezer(kind, name, freeze_pairs)
    fields, head = namedtuple_fields(kind), slice(0, tools.limits.max_items)
    if fields is not None:
        return _fields_freezer(name, fields, lambda value: tuple.__getitem__(value, head), at_freezer(name), tools)
    fields = _declared(kind)
    if fields is None:
        return None
    if not fields and shown_by(kind) is None:
        return at_freezer(name)
    stored = _stored_freezer(kind, name, fields, freeze_pairs)
    if not _are_plain(kind, fields):
        return stored
    return _fields_freezer(name, fields, _getter(fields[head]), stored, tools)


def plain_fields(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a dataclass or attrs class if all can be read as attributes; None for any other class."""
    fields = None if _is_pydantic(kind) else _declared(kind)
    return fields if fields is not None and _are_plain(kind, fields) else None


def _are_plain(kind: type, fields: tuple[str, ...]) -> bool:
    return bool(fields) and not _intercepts(kind) and all(_is_plain(kind, field) for field in fields)


def namespace_freezer(name: str, freeze_pairs: PairsFreezer) -> Freezer:
    """Return the freezer of an object that consists of its `__dict__`."""

    def freeze_namespace(value: Any, depth: int, room: list[int]) -> Frozen:
        own = object.__getattribute__(value, "__dict__")
        return (..., FIELDS, name, freeze_pairs(own.items(), len(own), depth, room))

    return freeze_namespace


def _fields_freezer(name: str, fields: tuple[str, ...], values: _Values, otherwise: Freezer, tools: Tools) -> Freezer:
    """Return the freezer of a record whose values are read in the order of its fields.

    Args:
        otherwise: the freezer of a record with an unset field.
    """
    total, freeze_values = len(fields), values_freezer(tools)
    secret = [field for field in fields if tools.redactor.is_sensitive(field)]

    def freeze_fields(value: Any, depth: int, room: list[int]) -> Frozen:
        shown: dict[Any, Any] = {}
        if depth > 0 and room[0] > 0:
            try:
                shown = dict(zip(fields, values(value)))  # noqa: B905
            except AttributeError:
                return otherwise(value, depth, room)
        for field in secret:
            if field in shown:
                shown[field] = MASKED
        return (..., FIELDS, name, freeze_values(shown, total, depth, room))

    return freeze_fields


def _stored_freezer(kind: type, name: str, fields: tuple[str, ...], freeze_pairs: PairsFreezer) -> Freezer:
    """Return the freezer of a record with a field that may be unset or hidden behind a property."""
    has_namespace = type(class_attribute(kind, "__dict__")) is GetSetDescriptorType
    slots = frozenset(field for field in fields if type(class_attribute(kind, field)) is MemberDescriptorType)

    def freeze_stored(value: Any, depth: int, room: list[int]) -> Frozen:
        own = _own(value).copy() if has_namespace else {}
        for field in slots:
            try:
                own[field] = object.__getattribute__(value, field)
            except AttributeError:
                continue
        found = [(field, own[field]) for field in fields if field in own]
        return (..., FIELDS, name, freeze_pairs(found, len(found), depth, room))

    return freeze_stored


def _own(value: Any) -> dict[str, Any]:
    """Return the attributes; a copy where `__dict__` is of a subclass, whose methods are the program's."""
    own = object.__getattribute__(value, "__dict__")
    return own if type(own) is dict else dict(dict.items(own))


def _getter(fields: tuple[str, ...]) -> _Values:
    get: Any = attrgetter(*fields)
    return get if len(fields) > 1 else lambda value: (get(value),)


def namedtuple_fields(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a namedtuple; None for any other class, and for one with its own repr."""
    fields = class_attribute(kind, "_fields") if issubclass(kind, tuple) and not hides_content(kind) else None
    if type(fields) is tuple and all(type(field) is str for field in fields):
        return fields
    return None


def _declared(kind: type) -> tuple[str, ...] | None:
    """Return the fields that a dataclass or attrs class shows in its repr; none if unknown."""
    shown = shown_by(kind)
    if shown is None:
        is_record = class_attribute(kind, "__dataclass_fields__") or class_attribute(kind, "__attrs_attrs__")
        return () if is_record else None
    kind = shown
    declared = class_attribute(kind, "__dataclass_fields__")
    if type(declared) is dict:
        return tuple(name for name, field in declared.items() if field.repr and _is_field(field))
    declared = class_attribute(kind, "__attrs_attrs__")
    if isinstance(declared, tuple):
        return tuple(attribute.name for attribute in declared if attribute.repr is True)
    return None


def _is_field(field: Any) -> bool:
    # ClassVar and InitVar are listed as well.
    return getattr(field._field_type, "name", "") == "_FIELD"


def _intercepts(kind: type) -> bool:
    """Return whether reading an attribute can run code of the class."""
    return (
        class_attribute(kind, "__getattribute__") is not object.__getattribute__
        or class_attribute(kind, "__getattr__") is not None
    )


def _is_plain(kind: type, field: str) -> bool:
    """Return whether a field is stored in the instance or in a slot, and not behind a property."""
    held = class_attribute(kind, field)
    return type(held) in (MemberDescriptorType, FunctionType) or class_attribute(type(held), "__get__") is None


def _is_pydantic(kind: type) -> bool:
    return any(
        class_name(base) == "BaseModel" and module_name(base) in ("pydantic.main", "pydantic.v1.main")
        for base in ancestry(kind)
    )


def _model_freezer(kind: type, name: str, freeze_pairs: PairsFreezer) -> Freezer:
    declared = class_attribute(kind, "__pydantic_fields__") or class_attribute(kind, "__fields__") or {}
    hidden = frozenset(field for field, info in declared.items() if not getattr(info, "repr", True))
    has_extra = type(class_attribute(kind, "__pydantic_extra__")) is MemberDescriptorType

    def freeze_model(value: Any, depth: int, room: list[int]) -> Frozen:
        own = _own(value)
        if has_extra:
            own = {**own, **(object.__getattribute__(value, "__pydantic_extra__") or {})}
        if hidden:
            own = {field: item for field, item in own.items() if field not in hidden}
        return (..., FIELDS, name, freeze_pairs(own.items(), len(own), depth, room))

    return freeze_model
