"""Callables that are more than functions: they keep all they can do, and their calls are recorded."""

import asyncio
import functools
import operator
import pickle
import types
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
import wrapt

from obsv import monitor
from obsv.errors import ConfigurationError
from obsv.testing import captured_spans
from obsv.trace.span import Span


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


class Task:
    """An object that a class decorator creates from a function."""

    def __init__(self, function: Any) -> None:
        functools.update_wrapper(self, function)
        self.run = function

    def __call__(self, *args: Any) -> Any:
        return self.run(*args)

    def delay(self, *args: Any) -> str:
        return f"task {args}"

    def __len__(self) -> int:
        return 3


def test_an_object_keeps_what_it_can_do(spans: list[Span]) -> None:
    """Its class, attributes, special methods and equality; what is set on it is set."""

    def add(a: int, b: int) -> int:
        return a + b

    task = Task(add)
    recorded: Any = monitor(task)
    assert recorded(1, 2) == 3
    assert recorded.delay(4) == "task (4,)"
    assert isinstance(recorded, Task)
    assert len(recorded) == 3
    assert recorded == task
    assert hash(recorded) == hash(task)
    recorded.queue = "fast"
    assert task.queue == "fast"  # type: ignore[attr-defined]
    assert dict(spans[0].input_values()) == {"a": 1, "b": 2}
    assert spans[0].name.endswith("add")


def test_monitoring_an_object_twice_records_once(spans: list[Span]) -> None:
    """An object that is already recorded stays unchanged."""
    recorded: Any = monitor(Task(lambda: 1))
    assert monitor(recorded) is recorded
    recorded()
    assert len(spans) == 1


def test_a_callable_that_answers_any_attribute(spans: list[Span]) -> None:
    """It is asked for nothing that it would make up."""
    mock = Mock(return_value=5)
    recorded: Any = monitor(mock)
    assert recorded(1, key=2) == 5
    mock.assert_called_once_with(1, key=2)
    assert len(spans) == 1
    assert isinstance(spans[0].name, str)


class Endless:
    """Every attribute is another one, as in clients that make paths of attributes."""

    def __getattr__(self, name: str) -> Any:
        return Endless()

    def __call__(self, number: int) -> int:
        return number


def test_a_callable_whose_attributes_never_end(spans: list[Span]) -> None:
    """It is recorded under its class: not what it makes up is its name, and looking for its source ends."""
    recorded: Any = monitor(Endless())
    assert recorded(3) == 3
    assert [span.name for span in spans] == [f"{__name__}.Endless"]
    assert spans[0].function.freeze()


def test_a_proxy_keeps_its_instance(spans: list[Span]) -> None:
    """A decorator of wrapt learns of the instance under and in a recorded class."""
    seen: list[Any] = []

    @wrapt.decorator  # type: ignore[untyped-decorator]
    def noting(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append(instance)
        return wrapped(*args, **kwargs)

    @monitor
    class Desk:
        @noting  # type: ignore[untyped-decorator]
        def inside(self, size: int) -> int:
            return size

        @monitor
        @noting  # type: ignore[untyped-decorator]
        def above(self, size: int) -> int:
            return size

    desk = Desk()
    assert desk.inside(1) == 1
    assert desk.above(2) == 2
    assert seen == [desk, desk]
    assert [span.name.rpartition(".")[2] for span in spans] == ["above"]
    assert dict(spans[0].input_values()) == {"size": 2}


def reference(number: int) -> int:
    return number + 1


@pytest.mark.parametrize("original", [reference, functools.partial(reference, 4), operator.itemgetter(0)])
def test_objects_pickle_as_what_to_record(spans: list[Span], original: Any) -> None:
    """Plain pickle carries a recorded callable where the callable itself can be pickled."""
    recorded = pickle.loads(pickle.dumps(monitor(original)))
    argument = () if isinstance(original, functools.partial) else ([1],) if original is not reference else (2,)
    assert recorded(*argument) == original(*argument)
    assert len(spans) == 1


def test_a_function_that_takes_its_name_pickles_by_it(spans: list[Span], monkeypatch: pytest.MonkeyPatch) -> None:
    """`module.f = monitor(module.f)`: it is the function that the module has."""
    recorded = monitor(reference)
    monkeypatch.setitem(globals(), "reference", recorded)
    assert pickle.loads(pickle.dumps(recorded)) is recorded


def test_descriptors_of_the_library_are_recorded_inside(spans: list[Span]) -> None:
    """`@monitor` above a cached property, a partial method or a single dispatch method."""

    class Desk:
        @monitor
        @functools.cached_property
        def size(self) -> int:
            return 3

        def add(self, more: int, to: int = 0) -> int:
            return more + to

        five = monitor(functools.partialmethod(add, 5))

        @monitor
        @functools.singledispatchmethod
        def show(self, value: object) -> str:
            return "object"

        @show.register
        def _(self, value: int) -> str:
            return "number"

    desk = Desk()
    assert (desk.size, desk.size) == (3, 3)
    assert desk.five(to=2) == 7
    assert (desk.show("a"), desk.show(1)) == ("object", "number")
    assert [span.name.rpartition(".")[2] for span in spans] == ["size", "add", "show"]


def test_what_is_no_callable_is_refused_with_advice() -> None:
    """The message says how to write it."""
    with pytest.raises(ConfigurationError, match="write @monitor below that decorator"):
        monitor(3)


@types.coroutine
def by_generator(value: int) -> Any:
    yield from asyncio.sleep(0).__await__()
    return value


def test_a_coroutine_by_a_generator(spans: list[Span]) -> None:
    """The result of `types.coroutine` can still be awaited."""

    async def main() -> int:
        recorded: int = await monitor(by_generator)(5)
        return recorded

    assert asyncio.run(main()) == 5
    assert len(spans) == 1


def test_compilers_get_the_function_itself(spans: list[Span]) -> None:
    """numba compiles what the attribute named by `__numba__` is."""

    @monitor
    def triple(number: int) -> int:
        return 3 * number

    original = getattr(triple, triple.__numba__)  # type: ignore[attr-defined]
    assert original(2) == 6
    assert spans == []
    assert original.__code__.co_names == ()
