"""Calls that fail: the exception reaches the caller as it was, and the record says why."""

import asyncio
import concurrent.futures
import dataclasses
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from obsv import monitor
from obsv.errors import ConfigurationError
from obsv.testing import captured_spans
from obsv.trace.context import quiet
from obsv.trace.span import ERROR, UNSET, Span


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


def stacktrace(span: Span) -> str:
    return str((span.events[-1].attributes or {})["exception.stacktrace"])


def fail(value: int) -> int:
    raise ValueError(f"bad value {value}")


def test_exception_reaches_the_caller_unchanged(spans: list[Span]) -> None:
    """The same object, with the same traceback; before Python 3.11 with one more frame, the wrapper's."""
    error = KeyError("x")

    @monitor
    def f() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        f()
    assert caught.value is error
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[1:] == (["f"] if sys.version_info >= (3, 11) else ["f", "f"])


def test_record_of_an_exception(spans: list[Span]) -> None:
    """Status, description and an exception event with the program's frames only."""
    with pytest.raises(ValueError, match="bad value 7"):
        monitor(fail)(7)
    (span,) = spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: bad value 7"
    (event,) = span.events
    assert event.name == "exception"
    assert event.attributes is not None
    assert event.attributes["exception.type"] == "ValueError"
    assert event.attributes["exception.message"] == "bad value 7"
    text = stacktrace(span)
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: bad value 7\n")
    assert 'raise ValueError(f"bad value {value}")' in text
    assert "obsv_wrapper" not in text


def test_causes_are_recorded(spans: list[Span]) -> None:
    """A chained exception shows its cause, without our frames in it."""

    @monitor
    def f() -> None:
        try:
            monitor(fail)(1)
        except ValueError as error:
            raise RuntimeError("wrapped") from error

    with pytest.raises(RuntimeError):
        f()
    text = stacktrace(spans[-1])
    assert "ValueError: bad value 1" in text
    assert "The above exception was the direct cause" in text
    assert "obsv_wrapper" not in text


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with 3.11")
def test_exception_groups_are_recorded(spans: list[Span]) -> None:
    """The members of a group are in its text."""

    @monitor
    def f() -> None:
        raise ExceptionGroup("both", [ValueError("one"), TypeError("two")])  # noqa: F821

    with pytest.raises(ExceptionGroup):  # noqa: F821
        f()
    assert "ValueError: one" in stacktrace(spans[0])
    assert "TypeError: two" in stacktrace(spans[0])


@pytest.mark.parametrize(
    "error",
    [
        asyncio.CancelledError(),
        GeneratorExit(),
        SystemExit(0),
        SystemExit(),
        StopIteration(),
        concurrent.futures.CancelledError(),
    ],
    ids=lambda error: f"{type(error).__module__}.{error!r}",
)
def test_not_errors(spans: list[Span], error: BaseException) -> None:
    """Cancellation, the end of a generator or iterator and a good exit are not errors."""

    @monitor
    def f() -> None:
        raise error

    with pytest.raises(type(error)):
        f()
    assert spans[0].status_code == UNSET
    assert not spans[0].events


@pytest.mark.parametrize("error", [SystemExit(3), SystemExit("message"), KeyboardInterrupt()], ids=repr)
def test_other_exits_are_errors(spans: list[Span], error: BaseException) -> None:
    """A bad exit and an interrupt are errors."""

    @monitor
    def f() -> None:
        raise error

    with pytest.raises(type(error)):
        f()
    assert spans[0].status_code == ERROR


def test_cancelled_task_is_no_error(spans: list[Span]) -> None:
    """A task that is cancelled ends its spans, without an error."""

    @monitor
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert spans[0].status_code == UNSET


def test_secrets_in_messages_and_source_lines_are_masked(spans: list[Span]) -> None:
    """`key=value` forms in an exception's text lose the value."""

    @monitor
    def f() -> None:
        raise ValueError("login failed, password=hunter2 user=ann")

    with pytest.raises(ValueError, match="hunter2"):
        f()
    assert "hunter2" not in stacktrace(spans[0])
    assert "hunter2" not in (spans[0].status.description or "")
    assert "user=ann" in stacktrace(spans[0])


def test_locals_of_the_failing_frame(spans: list[Span]) -> None:
    """`locals=True` adds the variables of the frame that failed, secrets masked."""

    @monitor(capture={"locals": True})
    def f(price: float) -> float:
        quantity, password = 0, "hunter2"
        assert password
        return price / quantity

    with pytest.raises(ZeroDivisionError):
        f(1.5)
    attributes = spans[0].attributes
    assert attributes["obsv.output.local.quantity"] == "0"
    assert attributes["obsv.output.local.price"] == "1.5"
    assert attributes["obsv.output.local.password"] == "***"


def test_deep_recursion_is_recorded_and_ends(spans: list[Span]) -> None:
    """An exception through hundreds of recorded frames neither hides nor explodes."""

    @monitor
    def descend(n: int) -> int:
        if n == 0:
            raise ValueError("bottom")
        return int(descend(n - 1))

    with pytest.raises(ValueError, match="bottom"):
        descend(200)
    assert len(spans) == 201
    assert all("ValueError: bottom" in stacktrace(span) for span in spans[:3] + spans[-1:])


def test_exception_whose_str_raises(spans: list[Span]) -> None:
    """An exception that cannot be printed is recorded all the same, and reaches the caller."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    @monitor
    def f() -> None:
        raise Odd

    with pytest.raises(Odd):
        f()
    assert spans[0].status_code == ERROR
    assert "Odd" in stacktrace(spans[0])


def test_unsampled_call_that_fails_is_recorded(spans: list[Span]) -> None:
    """`sample_rate=0` drops successes; a failure is recorded with its inputs and duration."""
    sampled = monitor(sample_rate=0.0)

    @sampled
    def f(value: int) -> int:
        return 1 // value

    f(1)
    assert not spans
    with pytest.raises(ZeroDivisionError):
        f(0)
    assert spans[0].attributes["obsv.input.value"] == "0"
    assert spans[0].status_code == ERROR
    assert spans[0].get_span_context().trace_flags.sampled


@pytest.mark.parametrize("sample_rate", [0.0, 1.0])
def test_obsvs_own_work_is_not_recorded(spans: list[Span], sample_rate: float) -> None:
    """Neither functions that obsv's threads call, nor those that these call, leave a span, failed or not."""

    @monitor(sample_rate=sample_rate)
    def f(value: int) -> int:
        return next(g(value))

    @monitor(sample_rate=sample_rate)
    def g(value: int) -> Iterator[int]:
        yield 1 // value

    with quiet():
        assert f(1) == 1
        with pytest.raises(ZeroDivisionError):
            f(0)
    assert not spans
    with pytest.raises(ZeroDivisionError):
        f(0)
    assert len(spans) == 2


def test_unsampled_coroutine_and_generator_that_fail_are_recorded(spans: list[Span]) -> None:
    """The same for coroutines and generators."""

    @monitor(sample_rate=0.0)
    async def fetch() -> None:
        raise ValueError("fetch")

    @monitor(sample_rate=0.0)
    def ticks() -> Iterator[int]:
        yield 1
        raise ValueError("ticks")

    with pytest.raises(ValueError, match="fetch"):
        asyncio.run(fetch())
    with pytest.raises(ValueError, match="ticks"):
        list(ticks())
    assert [span.name.rpartition(".")[2] for span in spans] == ["fetch", "ticks"]


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, TraceIdRatioBased(0.0)], ids=["off", "ratio"])
def test_sampler_is_obeyed_but_failures_are_recorded(sampler: Any) -> None:
    """A call that the sampler drops is not recorded, nor is what it calls; its failure is."""

    @monitor
    def inner(value: int) -> int:
        assert not trace.get_current_span().get_span_context().trace_flags.sampled
        return 1 // value

    @monitor
    def outer(value: int) -> int:
        return inner(value)

    with captured_spans(sampler=sampler) as spans:
        outer(1)
        assert not spans
        with pytest.raises(ZeroDivisionError):
            outer(0)
        assert [span.name.rpartition(".")[2] for span in spans] == ["inner", "outer"]


def test_settings_that_cannot_be_used_say_so() -> None:
    """A wrong setting is refused at decoration, by name."""
    for settings, words in (
        ({"sample_rate": 2.0}, "sample_rate"),
        ({"max_repr": 0}, "max_repr"),
        ({"serializer": "xml"}, "serializer"),
        ({"capture": {"everything": True}}, "everything"),
        ({"sensitive_fields": "password"}, "sensitive_fields"),
        ({"rate": 0.5}, "no setting 'rate': expected capture, errors_only, expected, feed"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            monitor(**settings)(fail)  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="callable"):
        monitor(3)


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    """An exception whose attributes cannot be set, not even its traceback."""

    code: int


def raise_frozen() -> None:
    raise Frozen(7)


def raise_frozen_late() -> Iterator[int]:
    yield 1
    raise Frozen(7)


@pytest.mark.parametrize("settings", [{}, {"sample_rate": 0.0}, {"capture": {"cpu": True}}])
@pytest.mark.parametrize("target", [raise_frozen, raise_frozen_late])
def test_exception_that_lets_nothing_be_set(spans: list[Span], target: Any, settings: Any) -> None:
    """Reaches the caller as it is, and is recorded."""
    recorded = monitor(**settings)(target)
    with pytest.raises(Frozen):
        list(recorded() or ())
    (span,) = spans
    assert str(span.status.description).endswith("test_failures.Frozen: 7")


def test_exception_while_no_stack_is_left(spans: list[Span]) -> None:
    """Reaches the caller as it is: what fails in recording it neither takes its place nor becomes its context."""

    class Full(Exception):
        pass

    @monitor
    def descend(depth: int) -> None:
        try:
            descend(depth + 1)
        except RecursionError:
            raise Full from None

    @monitor
    def descend_plainly(depth: int) -> None:
        descend_plainly(depth + 1)

    with pytest.raises(Full):
        descend(0)
    with pytest.raises(RecursionError) as caught:
        descend_plainly(0)
    assert caught.value.__context__ is None
    assert spans[-1].status.status_code is StatusCode.ERROR
    assert "obsv/" not in stacktrace(spans[-1])


class TimeUp(Exception):
    """An exception of a signal handler, such as a soft time limit."""


@pytest.fixture
def time_up() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGUSR1, give_up)
    yield
    signal.signal(signal.SIGUSR1, before)


def ring(*_: object) -> str:
    signal.raise_signal(signal.SIGUSR1)
    return ""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal")
@pytest.mark.usefixtures("time_up")
@pytest.mark.parametrize("settings", [{"serializer": ring}, {"serializer": ring, "capture": {"args": False}}])
def test_what_a_signal_handler_raises_while_values_are_read(spans: list[Span], settings: Any) -> None:
    """Reaches the program, which waits for it, and leaves no current span behind."""
    with pytest.raises(TimeUp):
        monitor(**settings)(lambda value: value)(1)
    assert trace.get_current_span() is trace.INVALID_SPAN
    monitor(lambda: None)()
    assert spans[-1].parent_id == 0
