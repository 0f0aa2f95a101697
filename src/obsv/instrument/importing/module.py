"""Recording of a whole module without changing its code."""

from collections.abc import Sequence
from types import FunctionType, ModuleType

from obsv.errors import ConfigurationError
from obsv.instrument.importing.automatic import Automatic
from obsv.instrument.never import is_never_recorded
from obsv.instrument.options import Options
from obsv.instrument.selection import Selection


def auto_instrument_module(
    module: ModuleType,
    include_regex: str | None = None,
    exclude: Sequence[str] = (),
    process_group: str | None = None,
) -> list[str]:
    """Record every call of what a module defines itself: functions of every kind, and the methods of its classes.

    Left alone: imported objects; properties and other descriptors; C functions; recorded functions; methods generated
    by
    Python or a library (dataclasses, named tuples); abstract methods, overloads, protocols, enums; objects that a
    decorator
    made from a function (`functools.lru_cache`, a command, a task); functions that inspect their caller's frame and
    could be
    recorded only with an additional frame; special methods except `__call__`. References that other objects took before
    the
    call (a list of handlers, a default argument) keep working, unrecorded; under `obsv run` they are recorded too.

    Calling it again changes nothing.

    Args:
        module: an imported module. Its submodules are not included.
        include_regex: a regular expression, searched in the qualified name (`parse`, `Order.total`); names with a
            leading
            underscore are recorded only if it matches. None selects all public names.
        exclude: globs of qualified or last names that are not recorded: `Order`, `Order.to_*`, `parse_*`.
        process_group: the group under which views show the calls; defaults to the module's name.

    Returns:
        The qualified names of the functions that this call began to record.

    Raises:
        ConfigurationError: the argument is not a module, obsv itself runs on it, or a setting is invalid.
    """
    if not isinstance(module, ModuleType):
        raise ConfigurationError(
            f"auto_instrument_module requires a module, not {type(module).__name__} {module!r:.100}."
        )
    if is_never_recorded(module.__name__):
        raise ConfigurationError(f"{module.__name__} cannot be recorded, because obsv itself uses it.")
    return record_module(module, Options(process_group=process_group), Selection.of(include_regex, exclude))


def record_module(module: ModuleType, options: Options, selection: Selection) -> list[str]:
    """Do the same as `auto_instrument_module`, but never raise."""
    namespace = vars(module)
    automatic = Automatic(options, selection, lambda function: _stands_in(function, namespace))
    wrappers: dict[FunctionType, FunctionType] = {}
    for name, value in list(namespace.items()):
        if type(value) is FunctionType:
            namespace[name] = automatic.shared(value, wrappers)
        elif isinstance(value, type) and value.__module__ == module.__name__:
            automatic.methods(value, wrappers)
    return automatic.names


def _stands_in(function: FunctionType, namespace: dict[str, object]) -> bool:
    # Generated code (by dataclasses, attrs, namedtuple) has no file: "<string>", "<attrs generated init …>".
    return function.__globals__ is namespace and not function.__code__.co_filename.startswith("<")
