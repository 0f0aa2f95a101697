"""Decision whether an exception that leaves a call means that it failed."""

from __future__ import annotations

import builtins
from typing import Any, Final

from obsv.capture.groups import members_of
from obsv.capture.names import ancestry, class_attribute, class_name, module_name

# By the name of the package, because importing a package may cost a program something that it does not need. Both
# asyncio's and concurrent.futures' are called CancelledError, as are curio's and twisted's; gevent and eventlet share
# greenlet's.
_CANCELLED: Final = frozenset(
    (
        *(("asyncio", "CancelledError"), ("concurrent", "CancelledError"), ("trio", "Cancelled")),
        *(("greenlet", "GreenletExit"), ("gevent", "GreenletExit"), ("eventlet", "GreenletExit")),
        *(("curio", "CancelledError"), ("twisted", "CancelledError"), ("distributed", "CancelledError")),
    )
)
# Time-outs that are raised as an exception of their own through everything that they end. `Timeout(1, False)` never
# leaves its `with` block, so it only cancels what is inside; any other one is raised to the user.
_SILENT: Final = frozenset((("gevent", "Timeout"), ("eventlet", "Timeout")))
# The built-in ones, of which only GeneratorExit is a cancellation.
_BUILTIN: Final = frozenset(
    id(kind)
    for kind in vars(builtins).values()
    if isinstance(kind, type) and issubclass(kind, BaseException) and "Group" not in kind.__name__
)
_ENDS: Final = (StopIteration, StopAsyncIteration, GeneratorExit)
# Those that are errors whatever they contain.
_FAILURES: Final = _BUILTIN - {id(kind) for kind in (*_ENDS, SystemExit)}
_CODE: Final[Any] = SystemExit.__dict__["code"]
_dict_of: Final[Any] = BaseException.__dict__["__dict__"].__get__
# Members of a group that are examined; a group with more is an error.
_MAX_MEMBERS = 100
_MAX_DEPTH = 5


def is_error(error: BaseException) -> bool:
    """Return whether an exception that leaves a call means that the call failed.

    Not errors: the ends of iteration and of generators (the protocol of `__next__` and `__anext__`, which can be
    monitored), cancellation in any library, groups that contain only cancellations, and `SystemExit` with code 0 or
    None. A time-out that is raised to the user is an error.
    """
    kind = type(error)
    if id(kind) in _FAILURES:
        return True
    if issubclass(kind, _ENDS):
        return False
    if issubclass(kind, SystemExit):
        return not _is_success(_code_of(error))
    return not _is_cancellation(error, _MAX_DEPTH)


def _code_of(error: BaseException) -> object:
    """Return the exit code that the interpreter finds; of one that code of the program makes, that which was given."""
    code = class_attribute(type(error), "code")
    if code is _CODE or class_attribute(type(code), "__get__") is not None:
        return _CODE.__get__(error)
    return _dict_of(error).get("code", code)


def _is_success(code: object) -> bool:
    """Return whether the interpreter exits with 0 for a `SystemExit` with this code: it compares no other object."""
    return code is None or (issubclass(type(code), int) and int.__index__(code) == 0)  # type: ignore[arg-type]


def _is_cancellation(error: BaseException, depth: int) -> bool:
    for base in ancestry(type(error)):
        if id(base) in _BUILTIN:
            break
        name = module_name(base).partition(".")[0], class_name(base)
        if name in _CANCELLED or (name in _SILENT and _dict_of(error).get("exception") is False):
            return True
    members = members_of(error)
    return 0 < len(members) <= _MAX_MEMBERS and depth > 0 and all(_is_cancellation(each, depth - 1) for each in members)
