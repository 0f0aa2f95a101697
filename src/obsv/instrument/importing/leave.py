"""Exclusions when whole modules are recorded: everything that might behave differently.

A recorded function is another function object and, if recording cannot be inserted into its own code, one more frame.
Anything that could tell the difference is left unchanged.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from obsv.instrument.grafting.graft import can_graft
from obsv.instrument.grafting.graft_steps import can_graft_steps
from obsv.instrument.monitor import is_monitored

# A function that uses one of these asks who called it; under a wrapper that would be the wrapper.
_FRAME_NAMES = frozenset(
    {"_getframe", "_getframemodulename", "currentframe", "getouterframes", "extract_stack", "f_back"}
)

_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_STEPS = _GENERATOR | inspect.CO_COROUTINE

# Decorators that replace a function by a non-function, that read its code instead of calling it, or that only describe
# it.
_LEFT_DECORATORS = frozenset(
    {
        *("property", "cached_property", "setter", "getter", "deleter", "overload", "coroutine", "monitor"),
        *("abstractmethod", "abstractproperty", "abstractclassmethod", "abstractstaticmethod"),
        *("jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil", "generated_jit", "register_jitable"),
        *("intrinsic", "overload_method", "overload_attribute", "script", "kernel", "autotune"),
    }
)
_LEFT_DECORATOR_PACKAGES = frozenset({"numba", "nb", "cuda", "triton", "taichi", "ti", "cython"})


def leaves_function(function: FunctionType) -> bool:
    """Return whether a function is left alone.

    This applies to a lambda, an abstract method, a recorded function, a generic function of `functools.singledispatch`,
    and a function that inspects its caller's frame and would get one more.
    """
    return (
        "<" in function.__qualname__
        or bool(function.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE)
        or bool(getattr(function, "__isabstractmethod__", False))
        or (hasattr(function, "registry") and hasattr(function, "dispatch"))
        or any(map(is_monitored, layers(function)))
        # It inspects from its own frame if nothing is put around it.
        or (any(looks_at_caller(each.__code__) for each in layers(function)) and not _keeps_frame(function.__code__))
    )


def _keeps_frame(code: CodeType) -> bool:
    """Return whether a function is recorded in its own frame."""
    return can_graft_steps(code) if code.co_flags & _STEPS else can_graft(code)


def layers(function: FunctionType) -> Iterator[FunctionType]:
    """Yield a function and, if decorators used `functools.wraps`, the functions inside it."""
    seen: set[int] = set()
    layer: Any = function
    while isinstance(layer, FunctionType) and id(layer) not in seen:
        seen.add(id(layer))
        yield layer
        layer = getattr(layer, "__wrapped__", None)


def looks_at_caller(code: CodeType) -> bool:
    """Return whether code reads its caller's frame, or warns or logs in its caller's name."""
    if _FRAME_NAMES.intersection(code.co_names):
        return True
    if "stack" in code.co_names and "inspect" in code.co_names:
        return True
    # `warnings` skips the frame of an automatic wrapper, and so does `logging` from 3.11 on; a generator has more
    # frames.
    skipped = sys.version_info >= (3, 11) and not code.co_flags & _GENERATOR
    return not skipped and any("stacklevel" in names for names in code.co_consts if isinstance(names, tuple))


def leaves_class(cls: type) -> bool:
    """Return whether a class is left alone.

    This applies to a protocol, and to a class whose metaclass controls its attributes, as in enums, ctypes structures
    and some object-relational mappers.
    """
    return bool(vars(cls).get("_is_protocol")) or any(
        name in vars(base)
        for base in inspect.getmro(type(cls))
        if base not in (type, object)
        for name in ("__setattr__", "__delattr__", "__getattribute__")
    )


def leaves_decorated(decorators: list[ast.expr]) -> bool:
    """Return whether the decorators above a `def` require that the function be left alone."""
    return any(
        names[-1] in _LEFT_DECORATORS or names[0] in _LEFT_DECORATOR_PACKAGES
        for names in map(_dotted, decorators)
        if names
    )


def _dotted(decorator: ast.expr) -> list[str]:
    """Return `a.b.c` and `a.b.c(…)` as `["a", "b", "c"]`; empty for anything else."""
    names: list[str] = []
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else names[::-1]
