"""Those who compile functions, or read their code: they get the functions without recording.

A function that `@monitor` recorded says itself which that is (`__numba__`). One whose code records since its module was
loaded has no attributes of ours; whoever asks for its code is told here.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

from obsv.instrument.wrapping import original_of, recorder_of


class Follows(Protocol):
    """Has something done with a module once it is imported."""

    def __call__(self, name: str, then: Callable[[ModuleType], None]) -> None: ...


def follow_compilers(after_import: Follows) -> None:
    """Give those that are imported, or will be, the original functions."""
    after_import("numba.core.bytecode", _tell_numba)


def unrecorded(function: Any) -> Any:
    """A function without its recording; anything else as it is."""
    return function if recorder_of(function) is None else original_of(function)


def _tell_numba(bytecode: ModuleType) -> None:
    function_of: Callable[[Any], Any] = vars(bytecode)["get_function_object"]
    vars(bytecode)["get_function_object"] = lambda target: unrecorded(function_of(target))
