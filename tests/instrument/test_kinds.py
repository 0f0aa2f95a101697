"""Every kind of callable: recorded, and otherwise unchanged."""

import asyncio
import contextvars
import functools
import inspect
import pickle
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import trace

from obsv import monitor
from obsv.testing import captured_spans
from obsv.trace.span import ERROR, UNSET, Span


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


def inputs(span: Span) -> dict[str, Any]:
    return {key.removeprefix("obsv.input."): v for key, v in span.attributes.items() if key.startswith("obsv.input.")}


def outputs(span: Span) -> dict[str, Any]:
    return {key.removeprefix("obsv.output."): v for key, v in span.attributes.items() if key.startswith("obsv.output.")}


@monitor
def module_level(value: int) -> int:
    """Doubles."""
    return value * 2


def test_function_records_arguments_result_and_place(spans: list[Span]) -> None:
    """A call has its arguments, its result, and where the function stands."""
    assert module_level(3) == 6
    (span,) = spans
    assert inputs(span) == {"value": "3"}
    assert outputs(span) == {"return": "6"}
    assert span.name == f"{__name__}.module_level"
    assert span.attributes["code.function.name"] == span.name
    assert span.attributes["code.file.path"] == __file__
    assert span.attributes["thread.id"] == threading.get_ident()
    assert span.status_code == UNSET
    assert span.end_time is not None
    assert span.end_time >= span.start_time


@pytest.mark.parametrize(
    "decorate", [monitor, monitor(), monitor(process_group="g")], ids=["bare", "called", "arguments"]
)
def test_decorates_bare_called_and_with_arguments(spans: list[Span], decorate: Any) -> None:
    """`@monitor`, `@monitor()` and `@monitor(...)` all decorate."""

    @decorate
    def f() -> str:
        return "x"

    assert f() == "x"
    assert len(spans) == 1


def test_defaults_that_applied_are_recorded(spans: list[Span]) -> None:
    """A parameter that was not passed shows its default."""

    @monitor
    def f(a: int, b: int = 2, *, c: int = 3) -> int:
        return a + b + c

    f(1, c=4)
    assert inputs(spans[0]) == {"a": "1", "b": "2", "c": "4"}


def test_positional_only_keyword_only_and_variadic_parameters(spans: list[Span]) -> None:
    """All kinds of parameters are passed on and recorded; each keyword of **kwargs is a row."""

    @monitor
    def f(a: int, /, b: int, *rest: int, c: int, **more: int) -> tuple[Any, ...]:
        return a, b, rest, c, more

    assert f(1, 2, 3, 4, c=5, d=6, e=7) == (1, 2, (3, 4), 5, {"d": 6, "e": 7})
    assert inputs(spans[0]) == {"a": "1", "b": "2", "rest": "(3, 4)", "c": "5", "d": "6", "e": "7"}


def test_positional_only_parameters_last(spans: list[Span]) -> None:
    """A signature that ends in / compiles."""

    @monitor
    def f(a: int, b: int = 1, /) -> int:
        return a + b

    assert f(1) == 2
    with pytest.raises(TypeError):
        f(a=1)  # type: ignore[call-arg]


def test_wrong_arguments_raise_what_the_function_would_raise() -> None:
    """A call that does not fit gets the interpreter's own message, with the function's name."""

    def f(a: int) -> int:
        return a

    with pytest.raises(TypeError) as plain:
        f()  # type: ignore[call-arg]
    with captured_spans(), pytest.raises(TypeError) as wrapped:
        monitor(f)()  # type: ignore[call-arg]
    assert str(wrapped.value) == str(plain.value)


class Account:
    """Methods of all kinds."""

    def __init__(self, owner: str = "ann") -> None:
        self.owner = owner

    @monitor
    def pay(self, amount: int) -> str:
        return f"{self.owner}:{amount}"

    @monitor
    @classmethod
    def outer(cls, name: str) -> str:
        return cls.__name__ + name

    @classmethod
    @monitor
    def inner(cls, name: str) -> str:
        return cls.__name__ + name

    @monitor
    @staticmethod
    def outer_static(name: str) -> str:
        return name

    @staticmethod
    @monitor
    def inner_static(name: str) -> str:
        return name


def test_methods_are_recorded_without_their_receiver(spans: list[Span]) -> None:
    """`self` and `cls` are no rows, in either order of the decorators."""
    account = Account()
    assert account.pay(5) == "ann:5"
    assert Account.outer("x") == Account.inner("x") == "Accountx"
    assert account.outer_static("y") == account.inner_static("y") == "y"
    assert [inputs(span) for span in spans] == [
        {"amount": "5"},
        {"name": "'x'"},
        {"name": "'x'"},
        *[{"name": "'y'"}] * 2,
    ]
    assert spans[0].name == f"{__name__}.Account.pay"


def test_class_records_its_public_methods_only(spans: list[Span]) -> None:
    """A decorated class records public methods; properties, private ones and inherited ones stay as they are."""

    class Base:
        def inherited(self) -> int:
            return 0

    @monitor
    class Desk(Base):
        def __init__(this) -> None:
            this.level = 1

        def trade(this, size: int) -> int:
            return size + this._private()

        def _private(self) -> int:
            return 1

        @property
        def depth(self) -> int:
            return 7

        @classmethod
        def make(klass) -> "Desk":
            return klass()

        @staticmethod
        def version() -> int:
            return 3

    desk = Desk.make()
    assert (desk.trade(2), desk.depth, Desk.version(), desk.inherited()) == (3, 7, 3, 0)
    assert inspect.isclass(Desk)
    assert [span.name.rpartition(".")[2] for span in spans] == ["make", "trade", "version"]
    assert inputs(spans[1]) == {"size": "2"}


def test_partial_lambda_callable_object_and_builtin(spans: list[Span]) -> None:
    """Callables without a def: recorded under the name of what they call."""

    class Adder:
        def __call__(self, a: int, b: int) -> int:
            return a + b

    def power(base: int, exponent: int) -> int:
        return base**exponent

    assert monitor(functools.partial(power, exponent=3))(2) == 8
    assert monitor(lambda x: x)(1) == 1
    assert monitor(Adder())(1, 2) == 3
    assert monitor(len)([1, 2]) == 2
    names = [span.name.rpartition(".")[2] for span in spans]
    assert names == ["power", "<lambda>", "Adder", "len"]
    assert inputs(spans[0]) == {"base": "2", "exponent": "3"}
    assert inputs(spans[2]) == {"a": "1", "b": "2"}


def test_lru_cache_keeps_its_methods(spans: list[Span]) -> None:
    """A cached function can still be asked about its cache."""

    @monitor
    @functools.lru_cache
    def f(a: int) -> int:
        return a

    f(1), f(1)
    assert f.cache_info().hits == 1
    assert len(spans) == 2


def passing_on(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def with_receiver(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return wrapper


def adding_user(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("ann", *args, **kwargs)

    return wrapper


@pytest.mark.parametrize("settings", [{}, {"capture": {"cpu": True}}])
def test_arguments_of_a_decorated_function(spans: list[Span], settings: Any) -> None:
    """Recorded by the names of the function inside, secrets masked, though its decorator takes whatever comes."""

    def sign_in(user: str, password: str, retries: int = 3, **more: int) -> str:
        return user

    class Desk:
        sign_in = monitor(**settings)(with_receiver(lambda self, user, password: user))
        sign_out = monitor(**settings)(passing_on(lambda self, token: token))

    for decorate in (passing_on, functools.lru_cache):
        assert monitor(**settings)(decorate(sign_in))("ann", "s3cret", extra=1) == "ann"
    assert Desk().sign_in("ann", password="s3cret") == "ann"
    assert Desk().sign_out("s3cret") == "s3cret"
    masked = {"user": "'ann'", "password": "***"}
    assert [inputs(span) for span in spans] == [
        {**masked, "retries": "3", "extra": "1"},
        {**masked, "retries": "3", "extra": "1"},
        masked,
        {"token": "***"},
    ]


def test_arguments_that_a_decorator_changes(spans: list[Span]) -> None:
    """If its arguments do not fit the inner function, they get the decorator's own names."""

    @monitor
    @adding_user
    def sign_in(user: str, password: str) -> str:
        return user

    assert sign_in(password="s3cret") == "ann"
    with pytest.raises(TypeError, match="password"):
        sign_in()
    assert [inputs(span) for span in spans] == [{"args": "()", "password": "***"}, {"args": "()"}]


def test_what_is_seen_of_a_function_survives() -> None:
    """Signature, docstring, name, module and pickling are the original's."""
    assert module_level.__doc__ == "Doubles."
    assert str(inspect.signature(module_level)) == "(value: int) -> int"
    assert module_level.__name__ == "module_level"
    assert pickle.loads(pickle.dumps(module_level)) is module_level


def test_kind_survives() -> None:
    """`inspect` tells the same kind as before."""

    async def coroutine() -> None: ...
    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    assert inspect.iscoroutinefunction(monitor(coroutine))
    assert asyncio.iscoroutinefunction(monitor(coroutine)) if sys.version_info < (3, 12) else True
    assert inspect.isgeneratorfunction(monitor(generator))
    assert inspect.isasyncgenfunction(monitor(async_generator))


def test_coroutine_function(spans: list[Span]) -> None:
    """A coroutine's span lasts until it returns."""

    @monitor
    async def fetch(n: int) -> int:
        await asyncio.sleep(0)
        return n + 1

    assert asyncio.run(fetch(1)) == 2
    assert (inputs(spans[0]), outputs(spans[0])) == ({"n": "1"}, {"return": "2"})


def test_callable_object_with_async_call(spans: list[Span]) -> None:
    """An object whose __call__ is async is awaited."""

    class Fetch:
        async def __call__(self, n: int) -> int:
            return n

    recorded = monitor(Fetch())
    assert inspect.iscoroutinefunction(recorded.__call__)
    assert asyncio.run(recorded(4)) == 4
    assert outputs(spans[0]) == {"return": "4"}


def test_gather_and_threads_keep_the_parent(spans: list[Span]) -> None:
    """Children nest under the call that started them, wherever the context is carried."""

    @monitor
    async def child(n: int) -> int:
        await asyncio.sleep(0)
        return n

    @monitor
    async def parent() -> None:
        await asyncio.gather(child(1), child(2))
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        await asyncio.to_thread(module_level, 1)

    asyncio.run(parent())
    root = spans[-1]
    assert root.parent is None
    assert {span.parent_id for span in spans[:-1]} == {root.span_id}
    assert {span.trace_id for span in spans} == {root.trace_id}
    assert {span.depth for span in spans[:-1]} == {1}


def test_thread_pool_with_copied_context(spans: list[Span]) -> None:
    """A pool that runs in a copied context keeps the parent; one that does not starts a trace."""

    @monitor
    def parent() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(contextvars.copy_context().run, module_level, 1).result()
            pool.submit(module_level, 2).result()

    parent()
    carried, lost, root = spans
    assert carried.parent_id == root.span_id
    assert lost.parent is None
    assert carried.thread[0] != root.thread[0]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup came with 3.11")
def test_task_group_keeps_the_parent(spans: list[Span]) -> None:
    """Tasks of a TaskGroup nest under the call that made them."""

    @monitor
    async def child() -> None: ...

    @monitor
    async def parent() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            group.create_task(child())

    asyncio.run(parent())
    assert [span.parent_id for span in spans] == [spans[-1].span_id] * 2 + [0]


def test_generator_records_its_first_item(spans: list[Span]) -> None:
    """A generator's span lasts from the first next to its end; the first item is the row `yield`."""

    @monitor
    def ticks(n: int) -> Iterator[int]:
        yield from range(n)

    iterator = ticks(3)
    assert not spans
    assert list(iterator) == [0, 1, 2]
    assert outputs(spans[0]) == {"yield": "0"}


def test_generator_returns_sends_and_throws(spans: list[Span]) -> None:
    """`send`, `throw` and the return value go through."""

    @monitor
    def echo() -> Any:
        received = []
        try:
            while True:
                received.append((yield len(received)))
        except KeyError:
            return received

    iterator = echo()
    next(iterator)
    iterator.send("a")
    with pytest.raises(StopIteration) as stop:
        iterator.throw(KeyError())
    assert stop.value.value == ["a"]
    assert spans[0].status_code == UNSET


def test_generator_is_current_only_while_its_body_runs(spans: list[Span]) -> None:
    """Between two items the caller's own span is current, and calls of the body nest under the generator."""

    @monitor
    def ticks() -> Iterator[int]:
        module_level(1)
        yield 1
        module_level(2)

    outside = trace.get_current_span()
    for _ in ticks():
        assert trace.get_current_span() is outside
        module_level(0)
    inner, between, last, generator = spans
    assert inner.parent_id == last.parent_id == generator.span_id
    assert between.parent is None


def test_generator_closed_early_is_no_error(spans: list[Span]) -> None:
    """Closing a generator ends its span; an exception in its body is an error."""

    @monitor
    def ticks() -> Iterator[int]:
        yield 1
        raise ValueError("late")

    closed = ticks()
    next(closed)
    closed.close()
    assert spans[0].status_code == UNSET
    with pytest.raises(ValueError, match="late"):
        list(ticks())
    assert spans[1].status_code == ERROR


def test_generator_dropped_half_way_is_recorded(spans: list[Span]) -> None:
    """A generator that nobody finishes ends when it is collected."""

    @monitor
    def ticks() -> Iterator[int]:
        yield 1
        yield 2

    iterator = ticks()
    next(iterator)
    del iterator
    assert [span.status_code for span in spans] == [UNSET]


def test_async_generator(spans: list[Span]) -> None:
    """Items, sends, early closing and context of an async generator."""

    @monitor
    async def ticks(n: int) -> AsyncIterator[int]:
        for i in range(n):
            module_level(i)
            yield i

    async def main() -> list[int]:
        outside = trace.get_current_span()
        seen = []
        async for tick in ticks(2):
            assert trace.get_current_span() is outside
            seen.append(tick)
        early: Any = ticks(5)
        await early.__anext__()
        await early.aclose()
        return seen

    assert asyncio.run(main()) == [0, 1]
    generators = [span for span in spans if span.name.endswith("ticks")]
    assert [outputs(span) for span in generators] == [{"yield": "0"}] * 2
    assert [span.status_code for span in generators] == [UNSET] * 2
    assert spans[0].parent_id == generators[0].span_id


def test_async_generator_asend_and_athrow(spans: list[Span]) -> None:
    """`asend` and `athrow` reach the body; what it raises reaches the caller."""

    @monitor
    async def echo() -> Any:
        sent = yield "ready"
        try:
            yield sent
        except KeyError as error:
            raise ValueError("from body") from error

    async def main() -> None:
        generator = echo()
        assert await generator.__anext__() == "ready"
        assert await generator.asend("hello") == "hello"
        with pytest.raises(ValueError, match="from body"):
            await generator.athrow(KeyError("x"))

    asyncio.run(main())
    assert spans[0].status_code == ERROR


def test_monitoring_twice_records_once(spans: list[Span]) -> None:
    """Decorating a decorated function changes nothing."""
    assert monitor(module_level) is module_level


def test_another_decorator_around_does_not_hide_the_mark(spans: list[Span]) -> None:
    """A functools.wraps wrapper around a recorded function is a function of its own."""

    @functools.wraps(module_level)
    def around(value: int) -> int:
        return module_level(value)

    assert monitor(around) is not around


def test_parameters_named_like_builtins(spans: list[Span]) -> None:
    """A function may call its parameters `type`, `str`, `int`, `len` or `BaseException`."""

    @monitor
    def f(type: Any, str: Any, int: Any, len: Any, BaseException: Any) -> Any:
        return type

    assert f("a", 1, None, [], 2.0) == "a"
    assert inputs(spans[0]) == {"type": "'a'", "str": "1", "int": "None", "len": "[]", "BaseException": "2.0"}
