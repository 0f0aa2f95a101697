"""The older decorators `TraceTime`, `TraceCpu`, `TraceMemory` and `TraceCloser`, as aliases of `monitor`.

They issue a DeprecationWarning; docs/migration.md lists the replacements.
"""

import warnings
from collections.abc import Callable
from typing import Any, TypeVar, overload

from obsv.instrument.monitor import monitor
from obsv.instrument.options import Capture

__all__ = ["TraceCloser", "TraceCpu", "TraceMemory", "TraceTime"]

T = TypeVar("T")

# Function and settings of a decorated function, so that the next decorator in a stack adds to them.
_STACK = "__obsv_legacy__"


class _Decorator:
    """One of the older decorators: used bare, called, or called with settings of `monitor`.

    Args:
        name: the older name.
        instead: the replacement.
        capture: what it records beyond arguments and result.
    """

    def __init__(self, name: str, instead: str, capture: Capture) -> None:
        self.__name__, self.__doc__ = name, f"A deprecated alias of `{instead}`."
        self._instead, self._capture = instead, capture

    @overload
    def __call__(self, target: T, /) -> T: ...
    @overload
    def __call__(self, target: None = None, /, **settings: Any) -> Callable[[T], T]: ...
    def __call__(self, target: Any = None, /, **settings: Any) -> Any:
        """Record every call of a function; see `monitor` for the settings.

        Raises:
            ConfigurationError: a setting is invalid, or the target is not callable.
        """
        warnings.warn(
            f"{self.__name__} is deprecated: use {self._instead} instead (see docs/migration.md).",
            DeprecationWarning,
            2,
        )
        settings["capture"] = {**self._capture, **settings.get("capture", {})}
        return _decorate(target, settings) if target is not None else lambda function: _decorate(function, settings)

    def __repr__(self) -> str:
        return f"obsv.legacy.{self.__name__}"


def _decorate(target: Any, settings: dict[str, Any]) -> Any:
    function, below = getattr(target, "__dict__", {}).get(_STACK, (target, {}))
    merged = {**below, **settings, "capture": {**below.get("capture", {}), **settings["capture"]}}
    recorded = monitor(**merged)(function)
    if recorded is not function and hasattr(recorded, "__dict__"):
        recorded.__dict__[_STACK] = (function, merged)
    return recorded


TraceTime = _Decorator("TraceTime", "@monitor", {})
TraceCpu = _Decorator("TraceCpu", "@monitor(capture=dict(cpu=True))", {"cpu": True})
TraceMemory = _Decorator("TraceMemory", "@monitor(capture=dict(memory=True))", {"memory": True})
TraceCloser = _Decorator(
    "TraceCloser",
    "@monitor(capture=dict(locals=True, cpu=True, memory=True))",
    {"locals": True, "cpu": True, "memory": True},
)
