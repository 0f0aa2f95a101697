"""Names: of classes without running their code, and the words that a name consists of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 100
_LONGEST_QUALIFIED = 1_000
_qualname: Any = type.__dict__["__qualname__"].__get__
_module: Any = type.__dict__["__module__"].__get__
_mro: Any = type.__dict__["__mro__"].__get__
_members: Any = type.__dict__["__dict__"].__get__

# HTTPServer -> HTTP Server, apiKey2 -> api Key 2; letters of other scripts stay together.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\dA-Za-z_]+")


def words(name: str) -> list[str]:
    """Return the words of a snake, camel, kebab, dotted or SCREAMING name, in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def class_name(kind: type) -> str:
    """Return a class's own name, without enclosing functions, bypassing its metaclass."""
    name: str = _qualname(kind)
    if "<locals>." in name:
        name = name.rpartition("<locals>.")[2]
    return name[:_LONGEST]


def module_name(kind: type) -> str:
    """Return the module of a class, or "" if it has none that can be read."""
    name = _module(kind)
    return name[:_LONGEST] if type(name) is str else ""


def qualified_name(kind: type) -> str:
    """Return the module and the qualified name of a class, as in the semantic convention `exception.type`."""
    module, name = _module(kind), _qualname(kind)
    if module == "builtins" or module is None:
        return str(name[:_LONGEST_QUALIFIED])
    return f"{module if type(module) is str else '<unknown>'}.{name}"[:_LONGEST_QUALIFIED]


def ancestry(kind: type) -> tuple[type, ...]:
    """Return the class and its bases, in the order in which attributes are looked up."""
    bases: tuple[type, ...] = _mro(kind)
    return bases


def members_of_class(kind: type) -> Mapping[str, Any]:
    """Return what a class itself defines, bypassing its metaclass, whose `__getattribute__` is the program's."""
    members: Mapping[str, Any] = _members(kind)
    return members


def class_attribute(kind: type, name: str) -> Any:
    """Return the attribute of a class or its bases without binding it; None if there is none."""
    for base in ancestry(kind):
        members = _members(base)
        if name in members:
            return members[name]
    return None
