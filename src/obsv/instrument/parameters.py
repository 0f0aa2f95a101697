"""The parameters of a function, from its code: which values a recorder receives, and under which names they are shown.

The declared signature of a callable (`__signature__`, the signature of a proxy) only names values; arguments arrive as
they were passed.
"""

import inspect
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

_RECEIVERS = ("self", "cls", "mcs", "metacls")

# Evaluating annotations would run user code, and fail if they name something that is defined later.
_LAZY: dict[str, Any] = {}
if sys.version_info >= (3, 14):
    import annotationlib

    _LAZY["annotation_format"] = annotationlib.Format.STRING


class Declared(NamedTuple):
    """A signature that names the values in `*args` and `**kwargs`.

    Args:
        declaration: the text between the parentheses of a `def`.
        names: the recorded names, without receivers and `**kwargs`.
        keywords: the name of `**kwargs`; None without one.
        defaults: default values by the names that `declaration` uses for them.
    """

    declaration: str
    names: tuple[str, ...]
    keywords: str | None
    defaults: dict[str, Any]


class Parameters(NamedTuple):
    """The parameters of a code object.

    Args:
        variables: all parameters in the order of `co_varnames`: positional ones, keyword-only ones, `*args`,
            `**kwargs`.
        positional: number of parameters that can be passed by position.
        keyword_only: number of keyword-only parameters.
        arguments: the name of `*args`; None without one.
        keywords: the name of `**kwargs`; None without one.
        names: the recorded names in order of declaration, without receivers and `**kwargs`.
        shown: for a callable that takes only `*args, **kwargs`, the signature to which it passes them.
    """

    variables: tuple[str, ...]
    positional: int
    keyword_only: int
    arguments: str | None
    keywords: str | None
    names: tuple[str, ...]
    shown: Declared | None = None

    def as_passed(self, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the values of `variables` as positional and keyword arguments."""
        end = self.positional + self.keyword_only
        args = values[: self.positional]
        keywords = dict(zip(self.variables[self.positional : end], values[self.positional : end], strict=True))
        if self.arguments is not None:
            args, end = args + values[end], end + 1
        return args, keywords if self.keywords is None else {**keywords, **values[end]}


def parameters_of(code: CodeType, is_method: bool = False, shows: Callable[..., Any] | None = None) -> Parameters:
    """Return the parameters of a code object.

    Args:
        is_method: whether the first parameter is the receiver, whatever its name.
        shows: a callable whose signature names `*args, **kwargs`, if the code takes nothing else.
    """
    count, only = code.co_argcount, code.co_kwonlyargcount
    end = count + only
    names = code.co_varnames
    has_args, has_keywords = bool(code.co_flags & inspect.CO_VARARGS), bool(code.co_flags & inspect.CO_VARKEYWORDS)
    arguments = names[end] if has_args else None
    keywords = names[end + has_args] if has_keywords else None
    drop = int(count > 0 and (is_method or names[0] in _RECEIVERS))
    recorded = (*names[drop:count], *((arguments,) if arguments is not None else ()), *names[count:end])
    parameters = Parameters(names[: end + has_args + has_keywords], count, only, arguments, keywords, recorded)
    if shows is None or end > drop or not (has_args and has_keywords):
        return parameters
    shown = declared_by(shows, is_method)
    return parameters if shown is None else parameters._replace(shown=shown)


def declared_by(target: Callable[..., Any], is_method: bool = False) -> Declared | None:
    """Return a callable's parsed signature; None if it says nothing beyond `*args, **kwargs`."""
    try:
        signature = inspect.signature(target, **_LAZY)
        declared = _taken_apart(signature, is_method)
        compile(f"def f({declared.declaration}): pass", "", "exec")
    except Exception:
        # Anyone can create signatures, with any content.
        return None
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    tells = kinds - {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} or not kinds
    return declared if tells else None


def _taken_apart(signature: inspect.Signature, is_method: bool) -> Declared:
    parameters = list(signature.parameters.values())
    declared, names, defaults = [], [], {}
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
        if stars == "**":
            keywords = name
        elif position or not _is_receiver(parameter, is_method):
            names.append(name)
    if parameters and parameters[-1].kind is inspect.Parameter.POSITIONAL_ONLY:
        declared.append("/")
    return Declared(", ".join(declared), tuple(names), keywords, defaults)


def _is_receiver(parameter: inspect.Parameter, is_method: bool) -> bool:
    positional = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return positional and (is_method or parameter.name in _RECEIVERS)
