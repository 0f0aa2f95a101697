"""The outcome of a recorded call, as far as a test can check it."""

from __future__ import annotations

import builtins
import re
from typing import NamedTuple

from obsv.store.ground import raised as raised_text
from obsv.store.spans import Call

LEFT_OUT = "characters left out …"
_HEAD = re.compile(r"(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?", re.DOTALL)


class Raised(NamedTuple):
    """An exception.

    Attributes:
        kind: `ValueError`, or `module.Name`.
        message: its `str()`; None if unknown.
        exact: whether `message` is complete, with nothing masked or added.
    """

    kind: str
    message: str | None
    exact: bool

    @property
    def builtin(self) -> type[BaseException] | None:
        """Return the exception type if it is one of Python's own."""
        return builtin_exception(self.kind)


def builtin_exception(name: str) -> type[BaseException] | None:
    """Return Python's own exception type with a name; None if there is none."""
    found = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def raised(call: Call) -> Raised | None:
    """Return the exception that a failed call ended with; None if unknown."""
    told = call.detail.get("statusMessage")
    if isinstance(told, str) and (found := _HEAD.fullmatch(told)) and ": " in told:
        return _raised(found, whole=True)
    if not call.exception:
        return None
    text = raised_text(call.exception)
    found = _HEAD.fullmatch(text)
    # Notes are part of the text but not of the message; the members of a group follow below its line.
    whole = "\n" not in text and call.exception.rstrip().endswith(text)
    return _raised(found, whole=whole) if found else None


def _raised(found: re.Match[str], *, whole: bool) -> Raised:
    kind, message = found["kind"], found["message"] or ""
    if kind.endswith(("SyntaxError", "IndentationError", "TabError")) or LEFT_OUT in message:
        return Raised(kind, None, False)
    return Raised(kind, message, whole and "***" not in message)
