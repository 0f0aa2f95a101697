"""What a class hides from its own repr: recording does not show it either.

A `__repr__` that somebody wrote may leave out what the fields hold. It is not called, since it is the program's; so
nothing is shown of such a value but its type.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from obsv.capture.names import ancestry, module_name

# Their classes show all that they hold.
_TRUSTED = frozenset(
    (
        *("builtins", "collections", "typing", "enum", "types", "reprlib", "pathlib", "datetime", "ctypes", "argparse"),
        *("attr", "attrs", "pydantic", "sqlmodel", "markupsafe", "jinja2", "werkzeug", "django", "multidict", "numpy"),
        *(
            "pandas",
            "sqlalchemy",
            "networkx",
            "bs4",
            "docutils",
            "yarl",
            "lark",
            "tomlkit",
            "ruamel",
            "orjson",
            "frozendict",
        ),
    )
)
# Classes whose values are shown by what they hold, unless they say otherwise.
_SHOWN = (str, bytes, dict, list, tuple, set, frozenset)
_code_of: Any = FunctionType.__dict__["__code__"].__get__


def hides_content(kind: type) -> bool:
    """Whether a class that is shown by what it holds has a `__repr__` of its own."""
    return issubclass(kind, _SHOWN) and not _shows_all(kind, "__repr__")


def shown_by(kind: type) -> type | None:
    """The class whose fields the repr of a record shows: the class itself or a base; None where nobody knows.

    Only what a library has generated is known, and pydantic's own.
    """
    for name in ("__repr_args__", "__repr_str__"):
        if any(name in base.__dict__ for base in ancestry(kind)) and not _shows_all(kind, name):
            return None
    owner = _owner(kind, "__repr__")
    return None if owner is object or not _shows_all(kind, "__repr__") else owner


def _owner(kind: type, name: str) -> type:
    return next((base for base in ancestry(kind) if name in base.__dict__), object)


def _shows_all(kind: type, name: str) -> bool:
    owner = _owner(kind, name)
    held = owner.__dict__.get(name)
    if module_name(owner).partition(".")[0] in _TRUSTED:
        return True
    # What C has written is not the program's.
    return _is_generated(held) if type(held) is FunctionType else type(held) is type(object.__repr__)


def _is_generated(function: Any) -> bool:
    """Whether dataclasses, attrs or collections have written it."""
    inner = function.__dict__.get("__wrapped__")
    if type(inner) is FunctionType:
        # That of a dataclass is wrapped, so that it may hold itself.
        return bool(_code_of(inner).co_filename == "<string>")
    file = _code_of(function).co_filename
    return bool(file.startswith("<attrs generated") or function.__module__ == "collections")
