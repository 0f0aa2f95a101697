"""A function that returns something to await has not ended when it returns."""

import asyncio
import concurrent.futures
import functools
import gc
import inspect
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keepers import settle
from opentelemetry import trace

from obsv import monitor
from obsv.store import Reader
from obsv.testing import captured_spans
from obsv.trace.span import ERROR, UNSET, Span


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


async def work(fails: bool) -> int:
    await asyncio.sleep(0)
    if fails:
        raise ConnectionError("down")
    return 7


class Request:
    """An awaitable that can do more, as clients of HTTP have them."""

    def __init__(self, fails: bool) -> None:
        self.fails = fails

    def __await__(self) -> Any:
        return work(self.fails).__await__()

    async def __aenter__(self) -> str:
        return "entered"

    async def __aexit__(self, *_: object) -> None:
        pass


@types.coroutine
def by_generator(fails: bool) -> Any:
    return (yield from work(fails).__await__())


def passing_on(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


def started(fails: bool) -> Any:
    return asyncio.ensure_future(work(fails))


RESULTS = pytest.mark.parametrize(
    "result",
    [work, started, Request, by_generator, passing_on(work)],
    ids=["coroutine", "task", "object", "generator", "decorated"],
)


@RESULTS
def test_the_call_ends_with_what_it_returned(spans: list[Span], result: Any) -> None:
    """With its value or its exception, at that time, and after what it called."""

    @monitor
    def call(fails: bool) -> Any:
        return result(fails)

    async def main() -> None:
        assert await call(False) == 7
        returned = call(True)
        assert len(spans) == 1
        with pytest.raises(ConnectionError):
            await returned
        await asyncio.sleep(0)

    asyncio.run(main())
    assert [span.status_code for span in spans] == [UNSET, ERROR]
    assert spans[0].result == 7
    assert "down" in str(spans[1].status_description)
    assert spans[0].end_tick > spans[0].start_tick


def test_what_goes_on_has_the_call_as_parent(spans: list[Span]) -> None:
    """The span is current while the body runs, and not between."""

    @monitor
    async def inner() -> None:
        await asyncio.sleep(0)

    @monitor
    def outer() -> Any:
        return inner()

    async def main() -> None:
        returned = outer()
        assert not trace.get_current_span().get_span_context().is_valid
        await returned

    asyncio.run(main())
    inner_span, outer_span = spans
    assert inner_span.parent_id == outer_span.span_id


def test_objects_keep_what_they_can_do(spans: list[Span]) -> None:
    """Coroutines are coroutines with their names; other awaitables have their class and methods."""
    request, coroutine = monitor(lambda: Request(False))(), monitor(lambda: work(False))()
    assert inspect.iscoroutine(coroutine)
    assert coroutine.__qualname__ == "work"
    assert isinstance(request, Request)

    async def main() -> None:
        async with request as entered:
            assert entered == "entered"
        assert await request == 7
        assert await coroutine == 7

    asyncio.run(main())
    assert [span.result for span in spans] == [7, 7]


def test_cancelled_is_no_error(spans: list[Span]) -> None:
    """A task that is cancelled ends its call."""

    async def main() -> None:
        task = monitor(lambda: asyncio.ensure_future(asyncio.sleep(100)))()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(main())
    assert [span.status_code for span in spans] == [UNSET]


def test_a_future_of_a_pool(spans: list[Span]) -> None:
    """The call of what submits lasts as long as the task, and fails with it."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:

        @monitor
        def submit(argument: int) -> Any:
            return pool.submit(divmod, 1, argument)

        assert submit(1).result() == (1, 0)
        with pytest.raises(ZeroDivisionError):
            submit(0).result()
    assert [span.status_code for span in spans] == [UNSET, ERROR]


def test_never_awaited(spans: list[Span], monkeypatch: pytest.MonkeyPatch) -> None:
    """The call ends when the object goes; the interpreter warns once, as it does."""
    texts: list[str] = []
    # Without keeping the object, as a recorded warning does.
    monkeypatch.setattr("warnings.showwarning", lambda message, *_, **__: texts.append(str(message)))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        returned = monitor(lambda: work(False))()
        assert spans == []
        del returned
        gc.collect()
    assert texts == ["coroutine 'work' was never awaited"]
    assert [span.status_code for span in spans] == [UNSET]


def test_an_exception_that_nobody_asked_for_is_still_reported(spans: list[Span]) -> None:
    """asyncio reports the exceptions of tasks that were never looked at: recording does not count as looking."""
    reported: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["message"]))
        monitor(lambda: asyncio.ensure_future(work(True)))()
        await asyncio.sleep(0.01)
        gc.collect()

    asyncio.run(main())
    assert reported == ["Task exception was never retrieved"]
    assert [span.status_code for span in spans] == [ERROR]


def test_unsampled_calls_that_fail_late(spans: list[Span]) -> None:
    """The failure is recorded though the call was not sampled."""
    call = monitor(sample_rate=0.0)(lambda fails: work(fails))
    assert asyncio.run(call(False)) == 7
    with pytest.raises(ConnectionError):
        asyncio.run(call(True))
    assert [span.status_code for span in spans] == [ERROR]


def test_what_never_ends_ends_with_the_program(tmp_path: Path) -> None:
    """A future that is never done is a call all the same."""
    program = "import concurrent.futures, obsv\n@obsv.monitor\ndef promise():\n    return concurrent.futures.Future()\n"
    environment = {"OBSV_DB": str(tmp_path / "x.db"), "PATH": ""}
    subprocess.run([sys.executable, "-c", f"{program}kept = promise()\n"], check=True, env=environment, timeout=240)
    settle(tmp_path / "x.db")  # a program waits for a second of its keeper's work, and no longer
    reader = Reader(tmp_path / "x.db")
    try:
        (row,) = reader.query("select process, status from process_trace")
        assert tuple(row) == ("__main__.promise", "OK")
    finally:
        reader.close()


class PassesOn:
    """As the proxies of werkzeug: each special method is a descriptor, which asks the object that it stands for."""

    class Lookup:
        def __get__(self, instance: Any, owner: Any = None) -> Any:
            return self if instance is None else (lambda *args: instance.value)

    value = 3
    __await__ = Lookup()  # what it stands for may have none


class SaysOtherwise:
    """As wrapt's proxies and the mocks of `unittest`."""

    __class__ = property(lambda self: int)  # type: ignore[assignment]

    def __await__(self) -> Iterator[None]:
        return iter(())


@pytest.mark.parametrize("kind", [PassesOn, SaysOtherwise])
def test_what_stands_for_another_object_is_returned_itself(spans: list[Span], kind: type) -> None:
    """Such an object can seem to be anything; nothing can stand for it."""
    value = kind()
    assert monitor(lambda: value)() is value
    assert len(spans) == 1
