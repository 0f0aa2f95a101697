"""Spans of monitored calls as plain tuples."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import SpanLimits

from obsv.trace.foreign_form import Plain, freeze_resource, freeze_scope, thaw_resource, thaw_scope
from obsv.trace.frozen import freeze, thaw
from obsv.trace.function import Function
from obsv.trace.span import Origin, Span

_MAX_SHARED = 10_000


class LeanForm:
    """The form of `obsv.trace.span.Span`.

    Spans of one function come back with one `Function`, as long as the form lives, so that exporters may compare it by
    identity; likewise their `Origin`.
    """

    name = "obsv"

    def __init__(self) -> None:
        self._functions: dict[Plain, Function] = {}
        self._origins: dict[Plain, Origin] = {}
        self._limits = SpanLimits()

    def takes(self, span_type: type) -> bool:
        return span_type is Span

    def freeze(self, spans: Sequence[Span]) -> list[Plain]:
        functions: dict[Function | None, Plain | None] = {None: None}
        origins: dict[int, Plain] = {}
        frozen = []
        for span in spans:
            function, caller, origin = span.function, span.caller, span.origin
            if function not in functions:
                functions[function] = function.freeze()
            if caller is not None and caller not in functions:
                functions[caller] = caller.freeze()
            if id(origin) not in origins:
                origins[id(origin)] = freeze_resource(origin.resource), freeze_scope(origin.scope)
            frozen.append((functions[function], functions[caller], origins[id(origin)], freeze(span)))
        return frozen

    def thaw(self, frozen: list[Plain]) -> list[Span]:
        # `marshal` gives one tuple for all spans that share it: the text in it is hashed once, not once a span.
        functions: dict[int, Function | None] = {id(None): None}
        origins: dict[int, Origin] = {}
        spans = []
        for function, caller, origin, rest in frozen:
            if id(function) not in functions:
                functions[id(function)] = self._function(function)
            if id(caller) not in functions:
                functions[id(caller)] = self._function(caller)
            if id(origin) not in origins:
                origins[id(origin)] = self._origin(origin)
            thawed = functions[id(function)]
            assert thawed is not None
            spans.append(thaw(rest, thawed, functions[id(caller)], origins[id(origin)]))
        return spans

    def _function(self, plain: Plain) -> Function:
        if plain not in self._functions:
            if len(self._functions) >= _MAX_SHARED:
                self._functions.clear()
            self._functions[plain] = Function.thaw(plain)
        return self._functions[plain]

    def _origin(self, plain: Plain) -> Origin:
        if plain not in self._origins:
            resource, scope = plain
            thawed_scope = thaw_scope(scope)
            assert thawed_scope is not None
            self._origins[plain] = Origin(thaw_resource(resource), thawed_scope, self._limits)
        return self._origins[plain]
