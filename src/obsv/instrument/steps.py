"""Bodies that run in steps: those of generators, and of coroutines that are measured."""

from collections.abc import Callable, Generator
from typing import Any

from obsv.instrument.call import Call
from obsv.trace.failure import WRAPPER_FILES

WRAPPER_FILES.add(__file__)


class Driven:
    """An awaitable whose body runs inside a call, and nothing else does."""

    __slots__ = ("_awaitable", "_call")

    def __init__(self, call: Call, awaitable: Any) -> None:
        self._call, self._awaitable = call, awaitable

    def __await__(self) -> Generator[Any, Any, Any]:
        return drive(self._call, self._awaitable.__await__(), None)


def drive(call: Call, steps: Any, on_item: Callable[[Any], None] | None) -> Generator[Any, Any, Any]:
    """Run `yield from steps`, entering the call for each step (PEP 380's expansion)."""
    resume: Callable[[Any], Any] = steps.send
    argument: Any = None
    while True:
        try:
            with call:
                item = resume(argument)
        except StopIteration as stop:
            return stop.value
        if on_item is not None:
            on_item(item)
        try:
            resume, argument = steps.send, (yield item)
        except GeneratorExit:
            with call:
                steps.close()
            raise
        except BaseException as error:
            resume, argument = steps.throw, error
