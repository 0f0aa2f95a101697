"""Classes whose values the compiled core reads by itself, in terms that it understands (`record/core/shape.c`).

The description follows the rules by which `Kinds` chooses a freezer; any other class is frozen by Python.
"""

from __future__ import annotations

import sys
from datetime import time, timedelta
from enum import Enum
from typing import Any, TypeAlias

from obsv.capture.kinds import is_secret_type
from obsv.capture.limits import Limits
from obsv.capture.names import class_name
from obsv.capture.records import namedtuple_fields, plain_fields
from obsv.capture.secrets.redact import Redactor

# (kind, the class's name, the shown fields, their number, bits of the masked ones, a function of a value)
Shape: TypeAlias = tuple[int, str, tuple[str, ...], int, int, Any]

FIELDS, TUPLE, ENUM, DECIMAL, UUID, TEXT = range(1, 7)

_TEXTS: tuple[tuple[type, Any], ...] = ((time, time.isoformat), (timedelta, timedelta.__str__))
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")


class Shapes:
    """The shapes of classes under given limits and secret names."""

    def __init__(self, limits: Limits, redactor: Redactor) -> None:
        self._max_items, self._redactor = limits.max_items, redactor

    def shape_of(self, kind: type) -> Shape | None:
        """Return how values of a class are read; None leaves them to Python."""
        if is_secret_type(kind):
            return None
        if issubclass(kind, Enum):
            return ENUM, class_name(kind), (), 0, 0, None
        fields = namedtuple_fields(kind)
        if fields is not None:
            return self._record(TUPLE, kind, fields)
        fields = plain_fields(kind)
        return self._scalar(kind) if fields is None else self._record(FIELDS, kind, fields)

    def _record(self, shape: int, kind: type, fields: tuple[str, ...]) -> Shape | None:
        if len(set(fields)) < len(fields) or not all(type(field) is str for field in fields):
            return None
        shown = fields[: self._max_items]
        hidden = sum(1 << index for index, field in enumerate(shown) if self._redactor.is_sensitive(field))
        return shape, class_name(kind), shown, len(fields), hidden, None

    def _scalar(self, kind: type) -> Shape | None:
        """Return the shape of exact classes of the standard library, not all of which every program loads."""
        name, loaded = class_name(kind), sys.modules.get
        # By `is`: a look-up in a dict of classes would run the `__hash__` of a metaclass.
        for known, text_of in _TEXTS:
            if kind is known:
                return TEXT, name, (), 0, 0, text_of
        if kind is getattr(loaded("decimal"), "Decimal", None):
            return DECIMAL, name, (), 0, 0, kind.__sizeof__
        if kind is getattr(loaded("uuid"), "UUID", None):
            return UUID, name, (), 0, 0, None
        if any(kind is getattr(loaded("pathlib"), path, None) for path in _PATHS):
            return TEXT, name, (), 0, 0, loaded("pathlib").PurePath.__str__  # type: ignore[union-attr]
        return None
