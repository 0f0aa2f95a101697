"""The parameters of a callable, as source text for the wrapper that is generated for it."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

_RECEIVERS = ("self", "cls", "mcs", "metacls")
_ANY = inspect.Signature(
    [
        inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
        inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
    ]
)


@dataclasses.dataclass(frozen=True)
class Parameters:
    """A signature, taken apart.

    Args:
        declaration: what stands between the parentheses of a `def`.
        call: what passes the same parameters on.
        names: those that are recorded, without receivers and `**kwargs`.
        keywords: the name of `**kwargs`; None without one.
        defaults: default values by the names that `declaration` uses for them.
        shown: of a decorated function that takes just `*args, **kwargs`, the parameters that it passes them on to.
    """

    declaration: str
    call: str
    names: tuple[str, ...]
    keywords: str | None
    defaults: dict[str, Any]
    shown: "Parameters | None" = None


def signature_of(target: Callable[..., Any]) -> inspect.Signature:
    """The signature of a callable; `(*args, **kwargs)` where it tells none."""
    try:
        # Not through __wrapped__: the wrapper has to take what the callable takes, not what it shows.
        return inspect.signature(target, follow_wrapped=False)
    except (TypeError, ValueError):
        return _ANY


def parameters_of(target: Callable[..., Any], is_method: bool = False) -> Parameters:
    """Take a callable's signature apart.

    Args:
        is_method: the first parameter is the receiver, whatever its name.
    """
    own = _taken_apart(signature_of(target), is_method)
    passes_on = len(own.names) == 1 and f"*{own.names[0]}, **{own.keywords}" in own.call
    if not passes_on or not hasattr(target, "__wrapped__"):
        return own
    try:
        shown = _taken_apart(inspect.signature(target), is_method)
    except (TypeError, ValueError):
        return own
    return own if shown.names == own.names else dataclasses.replace(own, shown=shown)


def _taken_apart(signature: inspect.Signature, is_method: bool) -> Parameters:
    parameters = list(signature.parameters.values())
    declared, passed, names, defaults = [], [], [], {}
    keywords = None
    starred = False
    for position, parameter in enumerate(parameters):
        name, kind = parameter.name, parameter.kind
        if position and kind is not parameter.POSITIONAL_ONLY is parameters[position - 1].kind:
            declared.append("/")
        if kind is parameter.KEYWORD_ONLY and not starred:
            declared.append("*")
            starred = True
        stars = "*" if kind is parameter.VAR_POSITIONAL else "**" if kind is parameter.VAR_KEYWORD else ""
        starred = starred or stars == "*"
        default = ""
        if parameter.default is not parameter.empty:
            default = f"=_obsv_default_{name}"
            defaults[default[1:]] = parameter.default
        declared.append(stars + name + default)
        passed.append(f"{name}={name}" if kind is parameter.KEYWORD_ONLY else stars + name)
        if stars == "**":
            keywords = name
        elif position or not _is_receiver(parameter, is_method):
            names.append(name)
    if parameters and parameters[-1].kind is inspect.Parameter.POSITIONAL_ONLY:
        declared.append("/")
    return Parameters(", ".join(declared), ", ".join(passed), tuple(names), keywords, defaults)


def _is_receiver(parameter: inspect.Parameter, is_method: bool) -> bool:
    positional = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return positional and (is_method or parameter.name in _RECEIVERS)
