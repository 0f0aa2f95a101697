"""`@monitor`: record every call of a function, method or class."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, TypeVar, overload

from obsv.errors import ConfigurationError
from obsv.instrument.compilers import follow_compilers
from obsv.instrument.options import Capture, Expected, Options, Serializer
from obsv.instrument.recorded import is_found_at
from obsv.instrument.wrapping import is_automatic, original_of, record_reference, recorder_of, wrap
from obsv.trace.recording import recording

T = TypeVar("T")

_SETTINGS = {field.name for field in dataclasses.fields(Options)}


@overload
def monitor(target: T, /) -> T: ...
@overload
def monitor(
    *,
    process_group: str | None = None,
    sample_rate: float | None = None,
    capture: Capture | str | None = None,
    serializer: Serializer = "smart",
    max_repr: int | None = None,
    sensitive_fields: Sequence[str] = (),
    queue_warning_threshold: int | None = None,
    feed: str | None = None,
    expected: Expected = (),
    errors_only: bool | None = None,
    min_duration: float | str | None = None,
    max_per_second: int | None = None,
) -> Callable[[T], T]: ...
def monitor(target: Any = None, /, **settings: Any) -> Any:
    """Record every call of a function: arguments, result, duration, exception; as an OpenTelemetry span.

    Write `@monitor` or `@monitor(...)` over a function, a coroutine function, a generator, an async generator, a
    method, a classmethod or staticmethod (in either order), or a class (all its public methods); or call it on any
    callable. What it returns has the same name, signature, docstring and kind, and can be pickled if the original
    could.

    Args:
        target: what to record.
        process_group: what the views group the function by; by default its module's name.
        sample_rate: the share of calls that is recorded, 0.0 to 1.0, decided per call; a call that fails is always
            recorded. None, as for all of these: what `configure` says, else 1.0.
        capture: which parts are recorded; see `Capture`. Parts that are not named are what `configure` says. Or a text:
            "off", "args", "all", "exact".
        serializer: how a value becomes text: "smart" (bounded, by kind, runs no user code), "repr", "json", or a
            callable that takes the value and returns text.
        max_repr: characters of a value's text, 1,000; longer ones are cut and their length said.
        sensitive_fields: more names of arguments, keys and attributes whose values are masked, matched by whole words;
            passwords, tokens, keys and the like always are.
        queue_warning_threshold: warn once when more calls than this wait to be written.
        feed: the name of the data feed whose updates these calls are.
        expected: exceptions that are no errors when they leave a call: classes, or names of classes with or without the
            module. Those below them are, too; and Starlette's and FastAPI's `HTTPException` with a status below 500.
        errors_only: only calls that fail are recorded; the others are counted.
        min_duration: calls that take less are counted, not recorded, unless they fail; seconds, or as "10ms".
        max_per_second: so many calls are recorded in a second; further ones are counted, and recorded if they fail.

    Returns:
        The recorded callable; without `target` a decorator.

    Raises:
        ConfigurationError: a setting cannot be used, or the target is not callable.
    """
    if target is None:
        return functools.partial(_monitor, options=_options(settings))
    return _monitor(target, _options(settings))


def _options(settings: dict[str, Any]) -> Options:
    unknown = sorted(set(settings) - _SETTINGS)
    if unknown:
        raise ConfigurationError(f"monitor has no setting {unknown[0]!r}: it takes {', '.join(sorted(_SETTINGS))}.")
    options = Options(**{name: value for name, value in settings.items() if value is not None})
    if options.queue_warning_threshold is not None:
        recording.queue_warning_threshold = options.queue_warning_threshold
    return options


def _monitor(target: Any, options: Options) -> Any:
    follow_compilers()
    target = _asked_for(target)
    if is_monitored(target):
        return target
    kind = type(target)
    if kind in (classmethod, staticmethod):
        return kind(wrap(target.__func__, options))
    if kind is property:
        get, set_, delete = (
            accessor and wrap(accessor, options) for accessor in (target.fget, target.fset, target.fdel)
        )
        return property(get, set_, delete, target.__doc__)
    if kind in _HOLDERS:
        return _HOLDERS[kind](target, options)
    if issubclass(kind, type):
        return monitor_class(target, options)
    if kind is FunctionType and is_found_at(target, target.__module__, target.__qualname__):
        return record_reference(target, options)
    if not callable(target):
        raise ConfigurationError(
            f"monitor takes a callable, not {kind.__name__} {target!r:.100}. Where a decorator made it of a function,"
            " write @monitor below that decorator."
        )
    return wrap(target, options)


def _cached_property(target: Any, options: Options) -> Any:
    return functools.cached_property(wrap(target.func, options, is_method=True))


def _partial_method(target: Any, options: Options) -> Any:
    return functools.partialmethod(wrap(target.func, options, is_method=True), *target.args, **target.keywords)


def _single_dispatch_method(target: Any, options: Options) -> Any:
    made: Any = functools.singledispatchmethod(wrap(target.func, options, is_method=True))
    for kind, function in target.dispatcher.registry.items():
        if kind is not object:
            made.dispatcher.register(kind, function)
    return made


# Descriptors of the library around a function: it is recorded inside.
_HOLDERS: dict[type, Callable[[Any, Options], Any]] = {
    functools.cached_property: _cached_property,
    functools.partialmethod: _partial_method,
    functools.singledispatchmethod: _single_dispatch_method,
}


def is_monitored(target: Any) -> bool:
    """Whether a callable, or the function inside a classmethod or staticmethod, is recorded already."""
    return recorder_of(target) is not None


def monitor_class(cls: type, options: Options) -> type:
    """Record the public methods that a class defines itself; properties and other descriptors stay as they are."""
    for name, member in list(vars(cls).items()):
        if name.startswith("_") and name != "__call__":
            continue
        kind = type(member)
        is_bound = kind in (classmethod, staticmethod)
        function = _asked_for(member.__func__ if is_bound else member)
        if type(function) is FunctionType and not is_monitored(function):
            recorded = wrap(function, options, is_method=kind is not staticmethod)
            setattr(cls, name, kind(recorded) if is_bound else recorded)
    return cls


def _asked_for(function: Any) -> Any:
    """A function without the recording that nobody asked for by name."""
    return original_of(function) if type(function) is FunctionType and is_automatic(function) else function
