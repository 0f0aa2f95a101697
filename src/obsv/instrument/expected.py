"""Exceptions that leave a call but were declared not to be errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType

from obsv.capture.names import ancestry, class_name, qualified_name

_SERVER_ERROR = 500
_modules = sys.modules


class Expectation:
    """A matcher of expected exceptions: those of given classes and their subclasses.

    `HTTPException` of Starlette, which is the base of FastAPI's, is always expected with a status below 500: it is how
    a handler responds "not found".

    Args:
        expected: classes, or names of classes with or without the module.
    """

    def __init__(self, expected: Sequence[str | type[BaseException]] = ()) -> None:
        self._kinds = tuple(each for each in expected if not isinstance(each, str))
        self._names = frozenset(each for each in expected if isinstance(each, str))

    def __call__(self, error: BaseException) -> bool:
        """Return whether an exception was expected. Runs none of the program's code."""
        if (self._kinds or self._names) and self._is_named(error):
            return True
        starlette = _modules.get("starlette.exceptions")
        return starlette is not None and _is_answer(starlette, error)

    def _is_named(self, error: BaseException) -> bool:
        bases = ancestry(type(error))
        # By identity: comparing classes may run their metaclass's code.
        if any(base is kind for base in bases for kind in self._kinds):
            return True
        return any(class_name(base) in self._names or qualified_name(base) in self._names for base in bases)


def _is_answer(starlette: ModuleType, error: BaseException) -> bool:
    kind = vars(starlette).get("HTTPException")
    if kind is None or not any(base is kind for base in ancestry(type(error))):
        return False
    status = BaseException.__getattribute__(error, "__dict__").get("status_code")
    return isinstance(status, int) and status < _SERVER_ERROR
