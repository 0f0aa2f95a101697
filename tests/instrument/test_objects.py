"""Callables that are more than functions: they keep all they can do, and their calls are recorded."""

import asyncio
import copy
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


class Bound:
    """A callable that binds to a class as well as to an instance, to an object with attributes of its own."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        return functools.partial(self, "class" if instance is None else "instance")

    def __call__(self, *args: Any) -> Any:
        return args

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


def test_a_callable_that_binds_in_its_own_way(spans: list[Span]) -> None:
    """To a class as to an instance; what it becomes keeps its attributes, and is recorded."""

    class Desk:
        do: Any = monitor(Bound())

        @monitor
        @wrapt.decorator(lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs))  # type: ignore[untyped-decorator]
        @classmethod
        def open(cls, size: int) -> Any:
            return cls, size

    assert (Desk.do(1), Desk().do(2)) == (("class", 1), ("instance", 2))
    assert Desk.do.args == ("class",)
    assert vars(Desk)["do"].name == "do"
    assert Desk.open(3) == Desk().open(3) == (Desk, 3)
    assert len(spans) == 4


class Value:
    """A descriptor that is callable, but binds to a value that is not."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        return 3

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)["kept"] = value

    def __call__(self) -> None: ...


def test_a_callable_that_binds_to_a_value(spans: list[Span]) -> None:
    """The value is the attribute, and setting it is the descriptor's affair."""
    owner: Any = type("Owner", (), {"value": monitor(Value())})
    instance = owner()
    instance.value = 4
    assert (instance.value, vars(instance)) == (3, {"kept": 4})


class Counter:
    """A callable with state, whose operators return it."""

    def __init__(self) -> None:
        self.count: Any = [0]

    def __call__(self) -> Any:
        return self.count

    def __imatmul__(self, number: int) -> "Counter":
        self.count[0] = number
        return self

    def __copy__(self) -> "Counter":
        made = Counter()
        made.count = self.count
        return made

    def __eq__(self, other: object) -> Any:
        return "equal"

    def __ne__(self, other: object) -> Any:
        return "unequal"

    __hash__ = None  # type: ignore[assignment]


def test_operators_and_copies_of_a_callable(spans: list[Span]) -> None:
    """`+=` and its like keep it recorded, comparisons answer as its own, and a recorded copy has its own state."""
    recorded: Any = monitor(Counter())
    recorded @= 5
    shallow, deep = copy.copy(recorded), copy.deepcopy(recorded)
    assert (recorded == 1, recorded != 1) == ("equal", "unequal")
    assert shallow() is recorded() is not deep()
    assert shallow is not recorded
    assert len(spans) == 3


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
