"""The members of exception groups: the interpreter's from Python 3.11 on, before that those of `exceptiongroup`."""

from __future__ import annotations

import builtins
from typing import Any

from obsv.capture.names import ancestry, class_name

GROUP: Any = getattr(builtins, "BaseExceptionGroup", None)
# The attribute in which the library stores the members.
MEMBERS_ATTRIBUTE = "_exceptions"

_members: Any = None if GROUP is None else GROUP.__dict__["exceptions"].__get__
_attributes_of: Any = BaseException.__dict__["__dict__"].__get__


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """Return the members of a group, bypassing its class; none if it is not a group."""
    if GROUP is not None:
        return _members(error) if issubclass(type(error), GROUP) else ()
    members = _attributes_of(error).get(MEMBERS_ATTRIBUTE)
    if type(members) is not tuple or not any(
        class_name(kind) == "BaseExceptionGroup" for kind in ancestry(type(error))
    ):
        return ()
    return members
