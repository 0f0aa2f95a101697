"""Compilers of functions, and readers of their code: they get the functions without recording.

Nothing tells of reading a function's code, so each is told at the one place where its functions or their code come in.
A compiler that takes functions from their source, as `torch.jit.script` and `triton` do, needs nothing: that has no
recording in it.
"""

import functools
from collections.abc import Callable
from types import CodeType, MethodType, ModuleType
from typing import Any

from obsv.instrument.after_import import Then, after_import
from obsv.instrument.wrapping import original_of, recorder_of, unrecorded_code

_is_followed = False


def follow_compilers() -> None:
    """Give those that are imported, or will be, the original functions."""
    global _is_followed
    if not _is_followed:
        _is_followed = True
        for name, tell in _COMPILERS.items():
            after_import(name, tell)


def unrecorded(function: Any) -> Any:
    """A function, a method or a partial without the recording of its function; anything else as it is."""
    if type(function) is functools.partial:
        inner = unrecorded(function.func)
        return function if inner is function.func else functools.partial(inner, *function.args, **function.keywords)
    if type(function) is MethodType:
        inner = unrecorded(function.__func__)
        return function if inner is function.__func__ else MethodType(inner, function.__self__)
    return function if recorder_of(function) is None else original_of(function)


def _tell_numba(bytecode: ModuleType) -> None:
    function_of: Callable[[Any], Any] = vars(bytecode)["get_function_object"]
    vars(bytecode)["get_function_object"] = lambda target: unrecorded(function_of(target))


def _tell_torch(transformation: ModuleType) -> None:
    # Of the frames that it compiles, and of the functions that these call. What else it reads of a code (names,
    # constants, variables) begins as the original's does.
    instructions_of: Callable[..., Any] = vars(transformation)["_cached_cleaned_instructions"]

    def cached_cleaned_instructions(code: CodeType, *safe: bool) -> Any:
        return instructions_of(unrecorded_code(code), *safe)

    vars(transformation)["_cached_cleaned_instructions"] = cached_cleaned_instructions


def _tell_jax(pjit: ModuleType) -> None:
    make_jit: Callable[..., Any] = vars(pjit)["make_jit"]
    vars(pjit)["make_jit"] = lambda function, *rest, **settings: make_jit(unrecorded(function), *rest, **settings)


# By the module in which that place is.
_COMPILERS: dict[str, Then] = {
    "numba.core.bytecode": _tell_numba,
    "torch._dynamo.bytecode_transformation": _tell_torch,
    "jax._src.pjit": _tell_jax,
}
