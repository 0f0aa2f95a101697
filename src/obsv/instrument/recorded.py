"""A recorded callable that is more than a function: a proxy with all its features that records its calls."""

import copy
import functools
import sys
from collections.abc import Callable
from types import MethodType
from typing import Any, cast

from obsv.instrument.frames import FILE

# Special methods that the interpreter looks up on an object's type: those of the callable's type are forwarded to it.
_SPECIAL = """
bytes format lt le gt ge len length_hint getitem setitem delitem iter next reversed contains int float index
enter exit aenter aexit await aiter anext add radd iadd sub rsub isub mul rmul imul truediv rtruediv mod rmod pow rpow
and rand iand or ror ior xor rxor lshift rlshift rshift rrshift neg pos abs invert matmul rmatmul floordiv rfloordiv
divmod rdivmod round trunc floor ceil fspath bool repr str dir imatmul itruediv ifloordiv imod ipow ilshift irshift
ixor complex instancecheck subclasscheck set_name set delete
"""

_get: Callable[[Any, str], Any] = object.__getattribute__


class Proxy:
    """An object that stands for another, with its class and all its attributes."""

    __slots__ = ("__weakref__", "_obsv_target")

    def __getattribute__(self, name: str) -> Any:
        return getattr(_get(self, "_obsv_target"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_get(self, "_obsv_target"), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_get(self, "_obsv_target"), name)

    def __hash__(self) -> int:
        return hash(_get(self, "_obsv_target"))

    def __eq__(self, other: object) -> Any:
        return _get(self, "_obsv_target") == _target_of(other)

    def __ne__(self, other: object) -> Any:
        return _get(self, "_obsv_target") != _target_of(other)


def _target_of(value: object) -> object:
    return _get(value, "_obsv_target") if issubclass(type(value), Proxy) else value


class Recorded(Proxy):
    """A proxy that records calls. It pickles as a description of what to record, if the callable can be pickled."""

    __slots__ = ("_obsv_bound", "_obsv_call", "_obsv_pickled")

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return _get(self, "_obsv_call")(*args, **kwargs)

    def __getattribute__(self, name: str) -> Any:
        if name in _OWN:
            return _get(self, name)
        if name == "__call__":
            return _get(self, "_obsv_call")
        try:
            return getattr(_get(self, "_obsv_target"), name)
        except AttributeError:
            if name == "__wrapped__":
                return _get(self, "_obsv_target")
            if name in ("__name__", "__qualname__"):
                return _get(self, "_obsv_call").__name__
            raise

    def __copy__(self) -> Any:
        return self._recorded_as(copy.copy(_get(self, "_obsv_target")))

    def __deepcopy__(self, memo: Any) -> Any:
        return self._recorded_as(copy.deepcopy(_get(self, "_obsv_target"), memo))

    def _recorded_as(self, target: Any) -> Any:
        """Return a recorded object for a copy of the callable; functions are their own copies."""
        if target is _get(self, "_obsv_target") or not callable(target):
            return self if callable(target) else target
        record, (_, *settings) = _get(self, "_obsv_pickled")
        return record(target, *settings)

    def __reduce_ex__(self, protocol: Any) -> Any:
        name = getattr(self, "__qualname__", None)
        if is_found_at(self, getattr(self, "__module__", None), name):
            return name
        return _get(self, "_obsv_pickled")


_OWN = frozenset({"__reduce_ex__", "__reduce__", "_recorded_as"})

# A call adds one frame, which `warnings` and `logging` skip.
Recorded.__call__.__code__ = Recorded.__call__.__code__.replace(co_filename=FILE)


def shell(target: Any, call: Callable[..., Any], bound: Callable[[Any], Callable[..., Any]], pickled: Any) -> Any:
    """Return a proxy of a callable.

    Args:
        target: the callable.
        call: the recorded function that calls it.
        bound: returns the recorded function for calls of the bound callable, which begins with the instance or with the
            result of binding; takes how these are called.
        pickled: the result of `__reduce__`; the first argument in it is the callable.
    """
    made: Any = object.__new__(_kind_for(Recorded, cast(Any, type(target))))
    for name, value in (("target", target), ("call", call), ("bound", bound), ("pickled", pickled)):
        object.__setattr__(made, f"_obsv_{name}", value)
    return made


class Awaited(Proxy):
    """A proxy with its own way of being awaited."""

    __slots__ = ("_obsv_steps",)


def awaited_object(target: Any, steps: Callable[[], Any]) -> Any:
    """Return a proxy of an awaitable.

    Args:
        target: the awaitable.
        steps: the result of `__await__`.
    """
    made: Any = object.__new__(_kind_for(Awaited, cast(Any, type(target))))
    object.__setattr__(made, "_obsv_target", target)
    object.__setattr__(made, "_obsv_steps", steps)
    return made


def _steps_of(self: Any) -> Any:
    return _get(self, "_obsv_steps")()


@functools.lru_cache(maxsize=256)
def _kind_for(proxy: type, kind: Any) -> type:
    """Return the proxy class for a type, with the special methods that the type has."""
    names = [f"__{name}__" for name in _SPECIAL.split() if hasattr(kind, f"__{name}__")]
    members: dict[str, Any] = {"__slots__": (), **{name: _passed_on(name) for name in names}}
    if proxy is Recorded and hasattr(kind, "__get__"):
        members["__get__"] = _bind
    if proxy is Awaited:
        members["__await__"] = _steps_of
        if hasattr(kind, "__call__"):  # noqa: B004 (of the type: what the interpreter looks for)
            members["__call__"] = _passed_on("__call__")
    return type(kind.__name__, (proxy,), members)


def _passed_on(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        target = _get(self, "_obsv_target")
        result = getattr(type(target), name)(target, *args, **keywords)
        # What `+=` and `with … as` give stays recorded.
        return self if result is target else result

    method.__name__ = name
    return method


def _bind(self: Any, instance: Any, owner: Any = None) -> Any:
    """Act as a descriptor in a class: the callable binds in its own way, and calls of the result are recorded."""
    target, bound = _get(self, "_obsv_target"), _get(self, "_obsv_bound")
    found = type(target).__get__(target, instance, owner)
    if found is target:
        return self
    if type(found) is MethodType and found.__self__ is instance is not None:
        return MethodType(bound(_call_bound), instance)
    if not callable(found):
        return found
    record, (_, *settings) = _get(self, "_obsv_pickled")
    return shell(found, MethodType(bound(_call_found), found), bound, (record, (found, *settings)))


def _call_bound(target: Any, instance: Any, /, *args: Any, **kwargs: Any) -> Any:
    return type(target).__get__(target, instance, type(instance))(*args, **kwargs)


def _call_found(target: Any, found: Any, /, *args: Any, **kwargs: Any) -> Any:
    return found(*args, **kwargs)


def is_found_at(target: object, module: object, qualname: object) -> bool:
    """Return whether a module has an object under a dotted name; runs no code of the module."""
    if not isinstance(module, str) or not isinstance(qualname, str):
        return False
    found: Any = sys.modules.get(module)
    try:
        for part in qualname.split("."):
            found = _get(found, "__dict__").get(part)
    except AttributeError:
        return False
    return found is target
