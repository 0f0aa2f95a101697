"""What the records of a ring refer to by number, as the objects that rows are made of."""

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
        """The value; None where nobody has defined it."""


class Undefined(Exception):
    """A record refers to what is not defined, or is defined as something else: it cannot be stored."""


class Tables:
    """The definitions of one ring; each object is made once, so that rows may compare them by identity.

    Args:
        names: where they stand.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._limits = SpanLimits()
        self.functions: dict[int, Function] = {}
        self.threads: dict[int, tuple[int, str]] = {}
        self.origins: dict[int, Origin] = {}
        self.foreign_origins: dict[int, tuple[Plain, Plain]] = {}

    def function(self, number: int) -> Function:
        """A function. Raises `Undefined`, as all of these."""
        return self._made(self.functions, FUNCTIONS, number, Function.thaw)

    def thread(self, number: int) -> tuple[int, str]:
        """Id and name of a thread."""
        return self._made(self.threads, THREADS, number, lambda value: (int(value[0]), str(value[1])))

    def origin(self, number: int) -> Origin:
        """Who made our spans."""
        return self._made(self.origins, ORIGINS, number, self._origin)

    def foreign_origin(self, number: int) -> tuple[Plain, Plain]:
        """Resource and scope of spans that are not ours, frozen."""
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
            except Exception as error:  # anything may stand there
                raise Undefined(f"number {number} of table {table}") from error
        return found
