"""Recording of functions and classes that nobody decorated."""

import logging
from collections.abc import Callable
from types import FunctionType
from typing import Any

from obsv.instrument.importing.leave import layers, leaves_class, leaves_function
from obsv.instrument.options import Options
from obsv.instrument.selection import Selection
from obsv.instrument.wrapping import AUTOMATIC, record_function

logger = logging.getLogger("obsv")


class Automatic:
    """Recording of what one module defines, unless something speaks against it.

    No method raises: objects that cannot be recorded are left unchanged.

    Args:
        options: recording options.
        selection: which names.
        owns: whether the module contains a function's own code.

    Attributes:
        options, selection: as given.
        names: the qualified names of the recorded functions.
    """

    def __init__(self, options: Options, selection: Selection, owns: Callable[[FunctionType], bool]) -> None:
        self.options, self.selection, self._owns = options, selection, owns
        self.names: list[str] = []

    def mark(self, target: Any) -> Any:
        """Record a function when it is defined: works as a decorator, and returns anything else unchanged."""
        return self.function(target) if isinstance(target, FunctionType) else target

    def method(self, target: Any) -> Any:
        """Record a function in the body of a class when it is defined, likewise."""
        return self.function(target, is_method=True) if isinstance(target, FunctionType) else target

    def function(self, function: FunctionType, is_method: bool = False) -> FunctionType:
        """Return the recording wrapper of a function, or the function if it is left alone."""
        try:
            return self._wrapper(function, is_method) if self._takes(function) else function
        except Exception:
            logger.debug("%r is left unrecorded.", function, exc_info=True)
            return function

    def methods(self, cls: type, wrappers: dict[FunctionType, FunctionType]) -> None:
        """Record the methods that a class defines itself, in place, and those of classes inside it.

        Args:
            wrappers: existing wrappers by function, so that one function under two names stays one.
        """
        try:
            if leaves_class(cls) or self.selection.excludes(cls.__qualname__):
                return
            for name, member in list(vars(cls).items()):
                self._member(cls, name, member, wrappers)
        except Exception:
            logger.debug("%r is left unrecorded.", cls, exc_info=True)

    def _member(self, cls: type, name: str, member: Any, wrappers: dict[FunctionType, FunctionType]) -> None:
        kind = type(member)
        if kind is FunctionType:
            wrapper = self.shared(member, wrappers, is_method=True)
            if wrapper is not member:
                type.__setattr__(cls, name, wrapper)
        elif kind in (classmethod, staticmethod) and type(member.__func__) is FunctionType:
            wrapper = self.shared(member.__func__, wrappers, is_method=kind is classmethod)
            if wrapper is not member.__func__:
                type.__setattr__(cls, name, kind(wrapper))
        elif isinstance(member, type) and member.__qualname__ == f"{cls.__qualname__}.{name}":
            self.methods(member, wrappers)

    def shared(
        self, function: FunctionType, wrappers: dict[FunctionType, FunctionType], is_method: bool = False
    ) -> FunctionType:
        """Return the same as `function`, with one wrapper per function however often it is requested."""
        if function not in wrappers:
            wrappers[function] = self.function(function, is_method)
        return wrappers[function]

    def _takes(self, function: FunctionType) -> bool:
        *_, innermost = layers(function)
        return self.selection.takes(function.__qualname__) and self._owns(innermost) and not leaves_function(function)

    def _wrapper(self, function: FunctionType, is_method: bool) -> FunctionType:
        wrapper = record_function(function, self.options, is_method)
        setattr(wrapper, AUTOMATIC, True)
        self.names.append(function.__qualname__)
        return wrapper
