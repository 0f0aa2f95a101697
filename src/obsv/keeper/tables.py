"""The objects that records of a ring refer to by number, for use in rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from opentelemetry.sdk.trace import SpanLimits

from obsv.record.layout import FOREIGN_ORIGINS, FUNCTIONS, ORIGINS, THREADS
from obsv.trace.foreign_form import Plain, thaw_resource, thaw_scope
from obsv.trace.function import Function
from obsv.trace.span import Origin

T = TypeVar("T")


class Names(Protocol):
    """Definitions by table and number: `obsv.record.reader.NamesReader`."""

    def get(self, table: int, number: int) -> Any:
        """Return the value; None if it is not defined."""


class Undefined(Exception):
    """A record refers to something undefined, or of the wrong kind: it cannot be stored."""


class Tables:
    """The definitions of one ring; each object is created once, so that rows may compare them by identity.

    Args:
        names: the definitions.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._limits = SpanLimits()
        self.functions: dict[int, Function] = {}
        self.threads: dict[int, tuple[int, str]] = {}
        self.origins: dict[int, Origin] = {}
        self.foreign_origins: dict[int, tuple[Plain, Plain]] = {}

    def function(self, number: int) -> Function:
        """Return a function. Raises `Undefined`, as do the others."""
        return self._made(self.functions, FUNCTIONS, number, Function.thaw)

    def thread(self, number: int) -> tuple[int, str]:
        """Return ID and name of a thread."""
        return self._made(self.threads, THREADS, number, lambda value: (int(value[0]), str(value[1])))

    def origin(self, number: int) -> Origin:
        """Return the origin of our spans."""
        return self._made(self.origins, ORIGINS, number, self._origin)

    def foreign_origin(self, number: int) -> tuple[Plain, Plain]:
        """Return resource and scope of spans that are not ours, frozen."""
        return self._made(self.foreign_origins, FOREIGN_ORIGINS, number, lambda value: (value[0], value[1]))

    def _origin(self, value: Any) -> Origin:
        scope = thaw_scope(value[1])
        if scope is None:
            raise ValueError("no scope")
        return Origin(thaw_resource(value[0]), scope, self._limits)

    def _made(self, known: dict[int, T], table: int, number: int, make: Callable[[Any], T]) -> T:
        found = known.get(number)
        if found is None:
            value = self._names.get(table, number)
            try:
                found = known[number] = make(value)
            except Exception as error:  # it may contain anything
                raise Undefined(f"number {number} of table {table}") from error
        return found
