"""The members of exception groups: the interpreter's from Python 3.11 on, before that those of `exceptiongroup`."""

from __future__ import annotations

import builtins
from typing import Any

from obsv.capture.names import ancestry, class_name

GROUP: Any = getattr(builtins, "BaseExceptionGroup", None)
# What the library keeps the members under.
MEMBERS_ATTRIBUTE = "_exceptions"

_members: Any = None if GROUP is None else GROUP.__dict__["exceptions"].__get__
_attributes_of: Any = BaseException.__dict__["__dict__"].__get__


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """The members of a group, without a look at what its class makes of them; none where it is no group."""
    if GROUP is not None:
        return _members(error) if issubclass(type(error), GROUP) else ()
    members = _attributes_of(error).get(MEMBERS_ATTRIBUTE)
    if type(members) is not tuple or not any(
        class_name(kind) == "BaseExceptionGroup" for kind in ancestry(type(error))
    ):
        return ()
    return members
