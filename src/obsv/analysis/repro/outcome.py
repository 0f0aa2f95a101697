"""How a recorded call ended, as far as a test can ask for it."""

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
        message: what `str()` of it said; None when that is not known.
        exact: whether `message` is the whole of it, with nothing masked and nothing added.
    """

    kind: str
    message: str | None
    exact: bool

    @property
    def builtin(self) -> type[BaseException] | None:
        """The exception type, when it is one of Python's own."""
        return builtin_exception(self.kind)


def builtin_exception(name: str) -> type[BaseException] | None:
    """Return Python's own exception type of a name; None when there is none."""
    found = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def raised(call: Call) -> Raised | None:
    """The exception that a failed call ended with; None when nothing tells which."""
    told = call.detail.get("statusMessage")
    if isinstance(told, str) and (found := _HEAD.fullmatch(told)) and ": " in told:
        return _raised(found, whole=True)
    if not call.exception:
        return None
    text = raised_text(call.exception)
    found = _HEAD.fullmatch(text)
    # Notes stand in the text but not in the message; below the line of a group stand its members.
    whole = "\n" not in text and call.exception.rstrip().endswith(text)
    return _raised(found, whole=whole) if found else None


def _raised(found: re.Match[str], *, whole: bool) -> Raised:
    kind, message = found["kind"], found["message"] or ""
    if kind.endswith(("SyntaxError", "IndentationError", "TabError")) or LEFT_OUT in message:
        return Raised(kind, None, False)
    return Raised(kind, message, whole and "***" not in message)
