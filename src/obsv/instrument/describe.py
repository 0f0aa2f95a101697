"""Properties of a callable: name, group, source."""

import functools
import inspect
import os
from collections.abc import Callable
from types import CodeType
from typing import Any

from obsv.own_time import unix_ns
from obsv.trace.function import Code
from obsv.working_directory import normal


def core_of(target: Any) -> Any:
    """Return the callable inside partials, bound methods and callable objects: the one that has a name and a file."""
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.isroutine(target) or inspect.isclass(target) or _text_of(target, "__qualname__"):
        return target
    return type(target)


def name_of(target: Any) -> str:
    """Return `module.qualname`, the name of a callable's spans."""
    core = core_of(target)
    module = group_of(core)
    qualname = _text_of(core, "__qualname__") or type(core).__qualname__
    return f"{module}.{qualname}" if module else qualname


def group_of(target: Any) -> str:
    """Return the name of the module that defines a callable."""
    module = _text_of(core_of(target), "__module__")
    # The name of the parent's main module in a child of `multiprocessing`.
    return "__main__" if module == "__mp_main__" else module


def _text_of(target: Any, name: str) -> str:
    """Return an attribute that is a text, or "": an object that answers any attribute says nothing with it."""
    value = getattr(target, name, None)
    return value if isinstance(value, str) else ""


def code_reader(target: Any) -> Callable[[], Code | None]:
    """Return a function that reads a callable's location and source later, because reading takes a millisecond.

    The source is omitted if the file was written after now, because it no longer matches the running code.
    """
    decorated_ns = unix_ns()

    def read() -> Code | None:
        core = core_of(target)
        try:
            core = inspect.unwrap(core)
            path = inspect.getsourcefile(core)
            if path is None:
                return None
            lines, number = inspect.getsourcelines(core)
        except (OSError, TypeError, IndexError, SyntaxError, ValueError):  # ValueError: of wrappers without an end
            return _without_text(core)
        changed = os.path.exists(path) and os.stat(path).st_mtime_ns > decorated_ns
        return Code(normal(path), number, "" if changed else "".join(lines))

    return read


def _without_text(core: Any) -> Code | None:
    code = getattr(core, "__code__", None)
    return None if not isinstance(code, CodeType) else Code(code.co_filename, code.co_firstlineno, "")
