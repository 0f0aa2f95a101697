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

    Write `@monitor` or `@monitor(...)` above a function, a coroutine function, a generator, an async generator, a
    method, a classmethod or staticmethod (in either order), or a class (all its public methods); or call it with any
    callable. The returned callable has the same name, signature, docstring and kind, and can be pickled if the original
    could.

    Args:
        target: the callable to record.
        process_group: the group under which views show the function; defaults to its module's name.
        sample_rate: the share of calls to record, 0.0 to 1.0, decided per call; a failing call is always recorded.
            None, as
            for all of these settings, means the value given to `configure`, else 1.0.
        capture: which parts are recorded; see `Capture`. Parts that are not named have the values given to `configure`.
            Or
            text: "off", "args", "all", "exact".
        serializer: how a value becomes text: "smart" (limited, by kind, runs no user code), "repr", "json", or a
            callable
            that takes the value and returns text.
        max_repr: maximum length of a value's text in characters, 1,000; longer texts are cut and their length noted.
        sensitive_fields: additional names of arguments, keys and attributes whose values are masked, matched by whole
            words;
            passwords, tokens, keys and similar names are always masked.
        queue_warning_threshold: log a warning once when more calls than this wait to be stored.
        feed: the name of the data feed that these calls update.
        expected: exceptions that are not errors when they leave a call: classes, or names of classes with or without
            the
            module. Subclasses are included; so is `HTTPException` of Starlette and FastAPI with a status below 500.
        errors_only: record only failing calls; the others are counted.
        min_duration: calls that take less are counted, not recorded, unless they fail; in seconds, or as text such as
            "10ms".
        max_per_second: record at most this many calls per second; further ones are counted, and recorded if they fail.

    Returns:
        The recorded callable; without `target`, a decorator.

    Raises:
        ConfigurationError: a setting is invalid, or the target is not callable.
    """
    if target is None:
        return functools.partial(_monitor, options=_options(settings))
    return _monitor(target, _options(settings))


def _options(settings: dict[str, Any]) -> Options:
    unknown = sorted(set(settings) - _SETTINGS)
    if unknown:
        raise ConfigurationError(f"monitor has no setting {unknown[0]!r}: expected {', '.join(sorted(_SETTINGS))}.")
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
            f"monitor requires a callable, not {kind.__name__} {target!r:.100}. If a decorator created it from a"
            " function, write @monitor below that decorator."
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


# Descriptors of the library around a function: the function inside is recorded.
_HOLDERS: dict[type, Callable[[Any, Options], Any]] = {
    functools.cached_property: _cached_property,
    functools.partialmethod: _partial_method,
    functools.singledispatchmethod: _single_dispatch_method,
}


def is_monitored(target: Any) -> bool:
    """Return whether a callable, or the function inside a classmethod or staticmethod, is already recorded."""
    return recorder_of(target) is not None


def monitor_class(cls: type, options: Options) -> type:
    """Record the public methods that a class defines itself; properties and other descriptors stay unchanged."""
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
    """Return a function without automatic recording."""
    return original_of(function) if type(function) is FunctionType and is_automatic(function) else function
