"""From a callable to the wrapper that records it."""

import dataclasses
import functools
from collections.abc import Callable
from types import CodeType
from typing import Any

from opentelemetry.context import Context

from obsv import semconv
from obsv.capture import MASKED, Redactor
from obsv.instrument.describe import code_reader, group_of, name_of
from obsv.instrument.general import general_wrapper, is_coroutine_function
from obsv.instrument.monitored import Monitored, hide_wrappers
from obsv.instrument.options import Options
from obsv.instrument.parameters import Parameters, parameters_of
from obsv.instrument.template import bind_source, wrapper_source
from obsv.trace import recording as path
from obsv.trace.clock import ticks
from obsv.trace.context import SPAN_KEY, get_context, leave_context, reset_context, set_context
from obsv.trace.failure import WRAPPER_FILES
from obsv.trace.function import Function
from obsv.trace.ids import random_unit
from obsv.trace.span import Span

_FILE = "<obsv>"
WRAPPER_FILES.add(_FILE)

# What a C-made callable such as lru_cache's offers besides being called.
_EXTRAS = ("cache_clear", "cache_info", "cache_parameters")

# Where a wrapper keeps the `Monitored` it works for.
MARK = "__obsv__"

# On a wrapper that nobody asked for by name: `@monitor` takes its place.
AUTOMATIC = "__obsv_automatic__"


def wrap(target: Callable[..., Any], options: Options, is_method: bool = False) -> Callable[..., Any]:
    """The recording wrapper of a callable.

    Args:
        is_method: the first parameter is the receiver, whatever its name.
    """
    parameters = parameters_of(target, is_method) if options.capture.get("args") else _unrecorded(target)
    monitored = Monitored(target, _function(target, parameters, options), options)
    hidden = _hidden(monitored, parameters)
    names = _names(monitored, parameters)
    if parameters.shown is not None:
        names["_obsv_pass_on"] = _pass_on(monitored, parameters, parameters.shown, names)
    general = general_wrapper(monitored)
    wrapper = general if _is_measured(monitored) else _generated(monitored, parameters, hidden, general, names)
    functools.update_wrapper(wrapper, target)
    if not hasattr(target, "__name__"):
        wrapper.__name__ = wrapper.__qualname__ = monitored.function.name.rpartition(".")[2]
    for extra in _EXTRAS:
        if hasattr(target, extra):
            setattr(wrapper, extra, getattr(target, extra))
    monitored.bind = _binder(monitored, parameters, hidden, names, wrapper.__qualname__)
    setattr(wrapper, MARK, monitored)
    return wrapper


def _hidden(monitored: Monitored, parameters: Parameters) -> frozenset[str]:
    return frozenset(name for name in parameters.names if monitored.redactor.is_sensitive(name))


def _unrecorded(target: Callable[..., Any]) -> Parameters:
    full = parameters_of(target)
    return Parameters(full.declaration, full.call, (), None, full.defaults)


def _function(target: Callable[..., Any], parameters: Parameters, options: Options) -> Function:
    return Function(
        name=name_of(target),
        process_group=options.process_group or group_of(target),
        inputs=parameters.names if parameters.shown is None else (),
        has_keywords=parameters.keywords is not None,
        output=_output(target, options),
        code=code_reader(target),
        feed=options.feed,
        max_repr=options.max_repr,
        redactor=_redactor(tuple(options.sensitive_fields)),
    )


# Looking the default words over takes a fifth of a decoration.
@functools.lru_cache(maxsize=64)
def _redactor(sensitive_fields: tuple[str, ...]) -> Redactor:
    return Redactor(sensitive_fields)


def _output(target: Callable[..., Any], options: Options) -> str | None:
    if not options.capture.get("result"):
        return None
    return semconv.YIELD if _is_generator(target) else semconv.RETURN


def _is_generator(target: object) -> bool:
    while isinstance(target, functools.partial):
        target = target.func
    flags = getattr(getattr(target, "__code__", None), "co_flags", 0)
    return bool(flags & (0x20 | 0x200))  # CO_GENERATOR, CO_ASYNC_GENERATOR


def _is_measured(monitored: Monitored) -> bool:
    capture = monitored.capture
    needs_call = capture.get("cpu") or capture.get("memory") or capture.get("args") == "exact"
    return bool(needs_call) or _is_generator(monitored.wrapped)


def _generated(
    monitored: Monitored,
    parameters: Parameters,
    hidden: frozenset[str],
    general: Callable[..., Any],
    names: dict[str, Any],
) -> Callable[..., Any]:
    source = wrapper_source(
        parameters,
        hidden,
        keeps=monitored.keeps,
        is_async=is_coroutine_function(monitored.wrapped),
        sampled=monitored.sample_rate < 1.0,
        result=bool(monitored.capture.get("result")),
    )
    return _compile(source, "_obsv_wrapper", {**names, "_obsv_general": general})


def _binder(
    monitored: Monitored, parameters: Parameters, hidden: frozenset[str], names: dict[str, Any], qualname: str
) -> Callable[..., tuple[Any, ...]]:
    """What turns arguments into `Span.inputs`, compiled when the general path first needs it: most never do."""

    def bind(*args: Any, **keywords: Any) -> tuple[Any, ...]:
        compiled = _compile(bind_source(parameters, hidden, keeps=monitored.keeps), "_obsv_bind", names)
        compiled.__qualname__ = qualname
        monitored.bind = compiled
        inputs: tuple[Any, ...] = compiled(*args, **keywords)
        return inputs

    return bind


def _pass_on(
    monitored: Monitored, parameters: Parameters, shown: Parameters, names: dict[str, Any]
) -> Callable[..., tuple[Any, ...]]:
    """`Span.inputs` of a decorated function by the names of the function inside, which also tell what is secret.

    A decorator may pass on other arguments than it gets. Where those it gets do not fit they have the names of its own.
    """
    own = dataclasses.replace(parameters, shown=None)
    bind_shown, bind_own = (
        _compile(
            bind_source(each, _hidden(monitored, each), keeps=monitored.keeps), "_obsv_bind", names | each.defaults
        )
        for each in (shown, own)
    )

    def pass_on(*args: Any, **keywords: Any) -> tuple[Any, ...]:
        try:
            return (_pairs(shown, bind_shown(*args, **keywords)),)
        except TypeError:
            return (_pairs(own, bind_own(*args, **keywords)),)

    return pass_on


def _pairs(parameters: Parameters, inputs: tuple[Any, ...]) -> tuple[tuple[str, Any], ...]:
    named = zip(parameters.names, inputs, strict=False)
    return (*named, *inputs[-1]) if parameters.keywords is not None else tuple(named)


def _compile(source: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    scope = dict(names)
    exec(_code(source), scope)
    compiled: Any = scope[name]
    # A code object of its own: what the interpreter learns about its globals holds for one function only.
    compiled.__code__ = compiled.__code__.replace()
    return compiled  # type: ignore[no-any-return]


# Functions with the same parameters, such as `(self)`, have the same source; compiling is half of a decoration.
@functools.lru_cache(maxsize=1024)
def _code(source: str) -> CodeType:
    return compile(source, _FILE, "exec")


def _names(monitored: Monitored, parameters: Parameters) -> dict[str, Any]:
    """What the generated source refers to; a global of the wrapper costs less than an attribute."""
    return {
        "__name__": getattr(monitored.wrapped, "__module__", None) or "obsv",
        "_obsv_type": type,
        "_obsv_str": str,
        "_obsv_int": int,
        "_obsv_len": len,
        "_obsv_BaseException": BaseException,
        "_obsv_Exception": Exception,
        "_obsv_wrapped": monitored.wrapped,
        "_obsv_function": monitored.function,
        "_obsv_snapshot": monitored.snapshot,
        "_obsv_snapshot_keywords": monitored.snapshot_keywords,
        "_obsv_fail": monitored.fail,
        "_obsv_fail_unsampled": monitored.fail_unsampled,
        "_obsv_hide": hide_wrappers,
        "_obsv_sample_rate": monitored.sample_rate,
        "_obsv_max_repr": monitored.function.max_repr,
        "_obsv_min_int": -(10**18),
        "_obsv_max_int": 10**18,
        "_obsv_float": float,
        "_obsv_bool": bool,
        "_obsv_mask": MASKED,
        "_obsv_recording": path.recording,
        "_obsv_begin": path.begin,
        "_obsv_get_context": get_context,
        "_obsv_set_context": set_context,
        "_obsv_reset_context": reset_context,
        "_obsv_leave_context": leave_context,
        "_obsv_key": SPAN_KEY,
        "_obsv_Context": Context,
        "_obsv_Span": Span,
        "_obsv_ticks": ticks,
        "_obsv_random": random_unit,
        **parameters.defaults,
    }
