"""The freezer for each type, determined once per type without running code of the type."""

from __future__ import annotations

import sys
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import Enum
from re import Pattern
from typing import Any, TypeAlias

from obsv.capture.arrays import array_freezer
from obsv.capture.containers import (
    deque_freezer,
    dict_freezer,
    items_freezer,
    iterable_freezer,
    mapping_freezer,
    pairs_freezer,
    sequence_freezer,
    set_freezer,
    subclass_freezer,
)
from obsv.capture.contents import array_values_freezer, object_freezer
from obsv.capture.frozen import AT, MASKED, UNREADABLE, Freezer, Frozen, Tools, at_freezer
from obsv.capture.interrupts import is_from_signal
from obsv.capture.limits import Limits
from obsv.capture.names import ancestry, class_name, module_name
from obsv.capture.own_repr import hides_content
from obsv.capture.records import namespace_freezer, record_freezer
from obsv.capture.scalars import (
    atom_freezers,
    builtin_freezers,
    class_freezer,
    constructor_freezer,
    decimal_freezer,
    enum_freezer,
    exception_freezer,
    fraction_freezer,
    module_freezer,
    plain_freezer,
    text_freezer,
)
from obsv.capture.secrets.redact import Redactor

# Creates the freezer of a class.
_Make: TypeAlias = Callable[[type], Freezer]

_AS_TEXT: dict[type, Callable[[Any], str]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: timedelta.__str__,
    Pattern: Pattern.__repr__,
    type(...): repr,
    type(NotImplemented): repr,
}

# Programs that create classes without end, as mocks do, must not exhaust the memory.
_MAX_KINDS = 4_096

_PYDANTIC_SECRETS = frozenset(("SecretStr", "SecretBytes", "Secret", "_SecretBase", "_SecretField"))
_VIEWS: tuple[tuple[str, type], ...] = (
    ("dict_keys", type({}.keys())),
    ("dict_values", type({}.values())),
    ("dict_items", type({}.items())),
)


class Kinds:
    """The freezers by type: the interpreter's own from the start, others when a first value arrives.

    Attributes:
        known: the freezers by `id` of the type, because hashing a type runs its metaclass's `__hash__`. An entry is
            removed
            together with its type.
        tools: the limits, the secrets, and the freezer of any value.
    """

    def __init__(self, limits: Limits, redactor: Redactor) -> None:
        tools = self.tools = Tools(limits, redactor, self._make_freeze())
        self._items, self._pairs = items_freezer(tools), pairs_freezer(tools)
        self._families = self._find_families()
        self._references: dict[int, weakref.ref[type]] = {}
        own = {**atom_freezers(tools), **builtin_freezers(tools, self._items, self._pairs), **self._containers()}
        self.known.update((id(kind), freezer) for kind, freezer in own.items())

    @property
    def freeze(self) -> Freezer:
        """Return the freezer of any value; it raises no Exception."""
        return self.tools.freeze

    def _make_freeze(self) -> Freezer:
        known: dict[int, Freezer] = {}
        self.known, learn = known, self.learn

        def freeze(value: Any, depth: int, room: list[int]) -> Frozen:
            try:
                freezer = known.get(id(type(value))) or learn(type(value))
                return freezer(value, depth, room)
            except Exception as error:
                if is_from_signal(error):
                    raise
                return unreadable(value)

        return freeze

    def learn(self, kind: type) -> Freezer:
        """Determine and cache the freezer of a type."""
        if len(self._references) >= _MAX_KINDS:
            for old in list(self._references):
                self._forget(old)
        freezer = self._choose(kind)
        key = id(kind)
        self._references[key] = weakref.ref(kind, lambda _: self._forget(key))
        self.known[key] = freezer
        return freezer

    def _forget(self, key: int) -> None:
        self.known.pop(key, None)
        self._references.pop(key, None)

    def _containers(self) -> dict[type, Freezer]:
        tools, items = self.tools, self._items
        freeze_list = sequence_freezer(list, tools, items)
        return {
            list: freeze_list,
            tuple: sequence_freezer(tuple, tools, items),
            dict: dict_freezer(tools, self._pairs, freeze_list),
            set: set_freezer(set, "", tools, items),
            frozenset: set_freezer(frozenset, "frozenset", tools, items),
            types.SimpleNamespace: namespace_freezer("namespace", self._pairs),
            **{view: iterable_freezer(name, view.__iter__, view.__len__, tools, items) for name, view in _VIEWS},  # type: ignore[attr-defined]
        }

    def _choose(self, kind: type) -> Freezer:
        for choose in (self._secret, self._record, self._array, self._derived):
            freezer = choose(kind)
            if freezer is not None:
                return freezer
        own = object_freezer(kind, self._pairs) if self.tools.limits.is_exact else None
        return own or at_freezer(class_name(kind))

    def _secret(self, kind: type) -> Freezer | None:
        return (lambda value, depth, room: MASKED) if is_secret_type(kind) else None

    def _record(self, kind: type) -> Freezer | None:
        if issubclass(kind, Enum):
            return enum_freezer(kind, self.tools)
        return record_freezer(kind, self.tools, self._pairs)

    def _array(self, kind: type) -> Freezer | None:
        exact = array_values_freezer(kind, self.tools) if self.tools.limits.is_exact else None
        return exact or array_freezer(kind, self.tools.freeze)

    def _derived(self, kind: type) -> Freezer | None:
        if hides_content(kind):
            return None
        for base in ancestry(kind):
            make = self._families.get(id(base)) or self._loaded_family(base)
            if make is not None:
                return make(kind)
        return None

    def _loaded_family(self, base: Any) -> _Make | None:
        """Return the maker for classes of the standard library that not every program loads."""
        tools, max_repr, is_exact = self.tools, self.tools.limits.max_repr, self.tools.limits.is_exact
        makers: dict[tuple[str, str], _Make] = {
            ("decimal", "Decimal"): lambda kind: decimal_freezer(base, is_exact=is_exact),
            ("fractions", "Fraction"): lambda kind: fraction_freezer(tools.freeze),
            ("pathlib", "PurePath"): lambda kind: (
                constructor_freezer("Path", base.__str__) if is_exact else text_freezer(base.__str__, max_repr)
            ),
            ("uuid", "UUID"): lambda kind: text_freezer(base.__str__, max_repr),
        }
        for (module, name), make in makers.items():
            if getattr(sys.modules.get(module), name, None) is base:
                return make
        return None

    def _find_families(self) -> dict[int, _Make]:
        tools, items, pairs, name = self.tools, self._items, self._pairs, class_name
        as_text = {**_AS_TEXT, timedelta: timedelta.__repr__} if tools.limits.is_exact else _AS_TEXT
        texts = {base: text_freezer(text_of, tools.limits.max_repr) for base, text_of in as_text.items()}
        plain = {base: plain_freezer(base, tools) for base in (str, bytes, int, float, complex)}
        families: dict[type, _Make] = {
            **{base: lambda kind, freezer=freezer: freezer for base, freezer in {**texts, **plain}.items()},  # type: ignore[misc]
            BaseException: lambda kind: exception_freezer(kind, tools, items),
            list: lambda kind: subclass_freezer(list, name(kind), tools, items),
            tuple: lambda kind: subclass_freezer(tuple, name(kind), tools, items),
            OrderedDict: lambda kind: mapping_freezer(OrderedDict, name(kind), pairs),
            dict: lambda kind: mapping_freezer(dict, name(kind), pairs),
            set: lambda kind: set_freezer(set, name(kind), tools, items),
            frozenset: lambda kind: set_freezer(frozenset, name(kind), tools, items),
            deque: lambda kind: deque_freezer(name(kind), tools, items),
            type: class_freezer,
            types.ModuleType: lambda kind: module_freezer(),
        }
        return {id(base): make for base, make in families.items()}


def unreadable(value: object) -> Frozen:
    """Return the substitute for a value that could not be read: its type and address."""
    try:
        return (..., AT, class_name(type(value)), id(value))
    except Exception:
        # Only an exhausted stack leads here.
        return UNREADABLE


def is_secret_type(kind: type) -> bool:
    """Return whether the class's author declared its values secret."""
    return any(class_name(base) in _PYDANTIC_SECRETS and _is_pydantics(base) for base in ancestry(kind))


def _is_pydantics(kind: type) -> bool:
    return module_name(kind).partition(".")[0] == "pydantic"
