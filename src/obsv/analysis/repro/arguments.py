"""The arguments of a recorded call, as source code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from obsv.analysis.repro.literal import rebuild
from obsv.analysis.repro.target import KEYWORD_ONLY, KEYWORDS, POSITIONAL_ONLY, VARIADIC, Parameter, Target, is_name
from obsv.store.spans import Call, Value

NOT_RECORDED = "not recorded"
# Text of a placeholder for a value that was only described.
SHOWN = 400


class Argument(NamedTuple):
    """An argument.

    Attributes:
        source: as written in the call: `symbol='AAPL'`.
        imports: required modules.
        helpers: those that it calls.
        missing: the name, if the value could not be rebuilt.
    """

    source: str
    imports: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()
    missing: str | None = None


def arguments(call: Call, target: Target, exact: dict[str, str] | None = None) -> list[Argument]:
    """Return the arguments of a call, in the order of the source.

    Args:
        call: the recorded call.
        target: the function.
        exact: exact texts of inputs whose recorded values leave something open.
    """
    recorded = {name: Value(name, "INPUT", text) for name, text in (exact or {}).items()}
    shown = {value.name: value for value in call.inputs}
    return _Arguments(shown, has_owner=target.module is not None).of({**shown, **recorded}, target, call.received)


class _Arguments:
    """A builder of arguments.

    Args:
        shown: the recorded values, where an exact one cannot be rebuilt.
        has_owner: whether there is a module in which classes can be looked up.
    """

    def __init__(self, shown: dict[str, Value], *, has_owner: bool) -> None:
        self._shown, self._has_owner = shown, has_owner

    def of(self, recorded: dict[str, Value], target: Target, received: bool) -> list[Argument]:
        if received:  # regardless of what it says about its parameters
            return [self._keyword(value) for value in recorded.values()]
        if target.parameters is not None:
            return self._by_parameters(target.parameters, recorded)
        receiver = [_missing("self", NOT_RECORDED, "")] if _has_receiver(target) and "self" not in recorded else []
        named = [value for name, value in recorded.items() if is_name(name)]
        return [*receiver, *(self._argument(value, frozenset(), f"{value.name}=") for value in named)]

    def _by_parameters(self, parameters: Iterable[Parameter], recorded: dict[str, Value]) -> list[Argument]:
        found = list(parameters)
        variadic = next((each for each in found if each.kind == VARIADIC), None)
        # Parameters before `*args` can only be passed by position.
        by_position = variadic is not None and variadic.name in recorded and recorded[variadic.name].text != "()"
        made = [
            self._of_parameter(each, recorded.get(each.name), by_position)
            for each in found
            if each.kind != KEYWORDS and (each.name in recorded or not each.has_default)
        ]
        if any(each.kind == KEYWORDS for each in found):
            named = {each.name for each in found}
            made += [self._keyword(value) for name, value in recorded.items() if name not in named]
        return [argument for argument in made if argument.source]

    def _of_parameter(self, parameter: Parameter, value: Value | None, by_position: bool) -> Argument:
        if parameter.kind == VARIADIC:
            is_empty = value is None or value.text == "()"
            return Argument("") if value is None or is_empty else self._argument(value, frozenset(), "*")
        plain = parameter.kind == KEYWORD_ONLY or (parameter.kind != POSITIONAL_ONLY and not by_position)
        prefix = f"{parameter.name}=" if plain else ""
        if value is None:
            return _missing(parameter.name, NOT_RECORDED, prefix)
        return self._argument(value, parameter.annotation, prefix)

    def _keyword(self, value: Value) -> Argument:
        if is_name(value.name):
            return self._argument(value, frozenset(), f"{value.name}=")
        inner = self._argument(value, frozenset(), "")
        return inner._replace(source=f"**{{{value.name!r}: {inner.source}}}")

    def _argument(self, value: Value, annotation: frozenset[str], prefix: str) -> Argument:
        shown = self._shown.get(value.name, value)
        rebuilt = rebuild(value.text, annotation) or rebuild(shown.text, annotation)
        if rebuilt is None or (rebuilt.helpers and not self._has_owner):
            return _missing(value.name, value.text, prefix)
        return Argument(prefix + rebuilt.source, rebuilt.imports, rebuilt.helpers)


def _has_receiver(target: Target) -> bool:
    """Return whether the function has a receiver; without its source, a function in a class counts as a method."""
    return len(target.path) > 1


def _missing(name: str, recorded: str, prefix: str) -> Argument:
    shown = recorded if len(recorded) <= SHOWN else recorded[:SHOWN] + "…"
    return Argument(f"{prefix}fill_in({name!r}, {shown!r})", missing=name)
