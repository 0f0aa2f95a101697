"""Conversion of a callable to a recorded one."""

import builtins
import dis
import functools
import inspect
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from obsv import semconv
from obsv.instrument.describe import code_reader, group_of, name_of
from obsv.instrument.grafting.graft import Graft, can_graft
from obsv.instrument.grafting.graft_steps import SteppedGraft, can_graft_steps
from obsv.instrument.options import Options
from obsv.instrument.parameters import parameters_of
from obsv.instrument.recorded import Recorded, shell
from obsv.instrument.recorder import Kind, Recorder, redactor_of
from obsv.instrument.template import wrapper_code
from obsv.trace.function import Code, Function

# The attribute in which a recorded function keeps its original.
ORIGINAL = "__obsv_original__"

# On a function that is recorded automatically: `@monitor` replaces that recording.
AUTOMATIC = "__obsv_automatic__"


def wrap(target: Callable[..., Any], options: Options, is_method: bool = False) -> Callable[..., Any]:
    """Return a recorded callable: a function for a function, else a proxy with all features of the callable.

    Args:
        is_method: whether the first parameter is the receiver, whatever its name.
    """
    if type(target) is FunctionType:
        return record_function(target, options, is_method)
    recorded: Callable[..., Any] = shell(
        target,
        _stand_in(target, target, options),
        functools.cache(lambda call: _stand_in(target, functools.partial(call, target), options)),
        (again, (target, options)),
    )
    return recorded


def record_reference(function: FunctionType, options: Options) -> Any:
    """Return a recorded object for a function that stays in its module.

    It is not a function, because a function pickles by name only, under which the unrecorded one is found.
    """
    made = record_function(function, options)
    return shell(made, made, lambda _: made, (again, (function, options)))


def again(target: Any, options: Options) -> Any:
    """Unpickle a recorded object."""
    return record_reference(target, options) if type(target) is FunctionType else wrap(target, options)


def record_function(function: FunctionType, options: Options, is_method: bool = False) -> FunctionType:
    """Return a function like another, in the same module, whose calls are recorded; see `wrap`."""
    code = function.__code__
    parameters = parameters_of(code, is_method, shows=function if hasattr(function, "__wrapped__") else None)
    recorder = Recorder(_function(function, options), options, parameters, kind_of(code))
    closure = None
    if can_graft_steps(code) if recorder.is_stepped else can_graft(code):
        made_by = SteppedGraft if recorder.is_stepped else Graft
        recorded, closure = made_by(code, recorder).made(parameters.variables), function.__closure__
        recorder.code = code
    else:
        recorder.original = function
        recorded = wrapper_code(recorder, code.co_posonlyargcount, code.co_name, code.co_firstlineno)
        recorded = recorded.replace(co_flags=recorded.co_flags | code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    made = _with_code(function, recorded, closure)
    setattr(made, ORIGINAL, function)
    # numba compiles the function that an attribute with this name refers to.
    made.__dict__["__numba__"] = ORIGINAL
    if recorder.original is not None:
        made.__dict__["__wrapped__"] = function
    return made


def recorder_of(target: Any) -> Recorder | None:
    """Return the recorder in a function's own code, or in the code that a recorded object calls."""
    if isinstance(target, (classmethod, staticmethod)):
        target = target.__func__
    if issubclass(type(target), Recorded):
        target = object.__getattribute__(target, "_obsv_call")
    if type(target) is not FunctionType:
        return None
    # By its code: a wrapper around a recorded function, created with functools.wraps, has copies of its attributes.
    return next((each for each in target.__code__.co_consts if issubclass(type(each), Recorder)), None)


def original_of(function: FunctionType) -> FunctionType:
    """Return the original of a recorded function; any other function itself.

    For a function whose code was converted in its module, the original is created now, once: compilers of functions
    cache their
    results by identity.
    """
    recorder = recorder_of(function)
    if recorder is None:
        return function
    known: FunctionType | None = function.__dict__.get(ORIGINAL)
    # `functools.update_wrapper` copies that of another function.
    if known is None or (recorder.later is not None and _place(known) != _place(function)):
        assert recorder.later is not None
        known = function.__dict__[ORIGINAL] = _with_code(function, recorder.later.code, function.__closure__)
    return known


def unrecorded_code(code: CodeType) -> CodeType:
    """The code that a recorded one was made of; any other one itself, also one that was made of a recorded one."""
    recorder = next((each for each in code.co_consts if issubclass(type(each), Recorder)), None)
    if recorder is None or not any(each.argval is recorder for each in dis.get_instructions(code)):
        return code
    original = recorder.code if recorder.later is None else recorder.later.code
    return code if original is None else original


def _place(function: FunctionType) -> tuple[str, str, int]:
    code = function.__code__
    return code.co_filename, code.co_name, code.co_firstlineno


def is_automatic(function: FunctionType) -> bool:
    """Return whether a function is recorded automatically."""
    recorder = recorder_of(function)
    return recorder is not None and (recorder.later is not None or AUTOMATIC in function.__dict__)


def _with_code(function: FunctionType, code: CodeType, closure: Any) -> FunctionType:
    """Return a function like another, with other code."""
    made = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__, made.__module__, made.__doc__ = function.__qualname__, function.__module__, function.__doc__
    if sys.version_info >= (3, 14) and function.__annotate__ is not None:
        # Lazily, as the original: evaluating annotations may find names that are not defined yet.
        made.__annotate__ = function.__annotate__
    else:
        made.__annotations__ = function.__annotations__
    if sys.version_info >= (3, 12):
        made.__type_params__ = function.__type_params__
    made.__dict__.update(function.__dict__)
    return made


def _stand_in(target: Any, original: Callable[..., Any], options: Options) -> FunctionType:
    """Return a function that passes on all its arguments, and is recorded.

    Args:
        target: the callable to show.
        original: the callable to call.
    """
    parameters = parameters_of(_passes_on.__code__, shows=target)
    kind: Kind = "coroutine" if _is_async(target) else "function"
    recorder = Recorder(_function(target, options), options, parameters, kind, original, _output(target))
    name = recorder.function.name.rpartition(".")[2]
    return FunctionType(wrapper_code(recorder, 0, name, 1), vars(builtins), name)


def _passes_on(*args: Any, **kwargs: Any) -> None: ...


def _is_async(target: object) -> bool:
    """Return whether a call must be awaited: `async def`, also as `__call__` of an object or inside a partial."""
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.iscoroutinefunction(target):
        return True
    call = vars(type(target)).get("__call__")
    return not inspect.isroutine(target) and inspect.iscoroutinefunction(call)


def kind_of(code: CodeType) -> Kind:
    flags = code.co_flags
    if flags & inspect.CO_ASYNC_GENERATOR:
        return "async generator"
    if flags & inspect.CO_COROUTINE:
        return "coroutine"
    return "generator" if flags & inspect.CO_GENERATOR else "function"


def _function(target: Callable[..., Any], options: Options) -> Function:
    return function_of(name_of(target), group_of(target), code_reader(target), options)


def function_of(name: str, group: str, reader: Callable[[], Code | None], options: Options) -> Function:
    """Return the constant part of a function's spans, except for the parts that its recorder sets.

    Args:
        name: `module.qualname`.
        group: name of the module, used if the options have no group.
        reader: reads its location and source.
    """
    return Function(
        name=name,
        process_group=options.process_group or group,
        inputs=(),
        has_keywords=False,
        output=None,
        code=reader,
        feed=options.feed,
        max_repr=1,
        redactor=redactor_of(()),
    )


def _output(target: Callable[..., Any]) -> str:
    return semconv.YIELD if _is_generator(target) else semconv.RETURN


def _is_generator(target: object) -> bool:
    while isinstance(target, functools.partial):
        target = target.func
    code = getattr(target, "__code__", None)
    return isinstance(code, CodeType) and "generator" in kind_of(code)
