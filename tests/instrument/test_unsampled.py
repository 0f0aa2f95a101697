"""Calls that are recorded only if they fail."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace

from obsv import monitor, semconv
from obsv.instrument import left_out
from obsv.testing import captured_spans
from obsv.trace.span import ERROR, Span


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


def counts(spans: list[Span]) -> list[tuple[str, str | None, Any]]:
    """Function, caller and calls of what was counted."""
    left_out.say_left_out()
    return [
        (
            span.name.rpartition(".")[2],
            None if span.caller is None else span.caller.name.rpartition(".")[2],
            span.attributes[semconv.LEFT_OUT_CALLS],
        )
        for span in spans
        if semconv.LEFT_OUT_CALLS in span.attributes
    ]


def test_each_call_is_counted_by_caller(spans: list[Span]) -> None:
    """Whatever it returns, in a call or by itself; one that fails is recorded and not counted."""

    @monitor(sample_rate=0.0)
    def inner(value):
        if value == "bad":
            raise ValueError(value)
        return value

    @monitor
    def outer():
        for value in (None, 1, "text", [1], {"a": 1}, 2.5, object()):
            assert inner(value) is value

    inner(1)
    outer()
    with pytest.raises(ValueError, match="bad"):
        inner("bad")
    assert sorted(counts(spans), key=str) == [("inner", "outer", 7), ("inner", None, 1)]
    (failed,) = (span for span in spans if span.status_code == ERROR)
    assert failed.inputs == ("bad",)


def test_an_expected_exception_is_counted(spans: list[Span]) -> None:
    """It is no failure."""

    @monitor(sample_rate=0.0, expected=(KeyError,))
    def look(key):
        return {}[key]

    with pytest.raises(KeyError):
        look("a")
    assert counts(spans) == [("look", None, 1)]


def test_is_not_the_current_span(spans: list[Span]) -> None:
    """Its callees appear below its caller."""

    @monitor
    def leaf():
        return trace.get_current_span()

    @monitor(sample_rate=0.0)
    def middle():
        return leaf()

    @monitor
    def outer():
        return middle(), trace.get_current_span()

    span, caller = outer()
    assert span.parent == caller.get_span_context()


def test_a_coroutine(spans: list[Span]) -> None:
    """It is counted when it has ended, also where another function returned it."""

    async def work(fails):
        await asyncio.sleep(0)
        if fails:
            raise ConnectionError("down")
        return 7

    sampled = monitor(sample_rate=0.0)
    direct, returning = sampled(work), sampled(lambda fails: work(fails))
    for each in (direct, returning):
        assert asyncio.run(each(False)) == 7
        with pytest.raises(ConnectionError):
            asyncio.run(each(True))
    assert [count for _, _, count in counts(spans)] == [1, 1]
    assert [span.status_code for span in spans].count(ERROR) == 2


def test_a_share_is_not_counted(spans: list[Span]) -> None:
    """Those that were recorded stand for it."""

    @monitor(sample_rate=1e-9)
    def work(value):
        return value

    for number in range(10):
        assert work(number) == number
    assert counts(spans) == []


def test_what_goes_wrong_in_counting_stays_there(spans: list[Span], monkeypatch: pytest.MonkeyPatch) -> None:
    """The program goes on."""

    @monitor(sample_rate=0.0)
    def work(value):
        return value

    def failing() -> None:
        raise MemoryError

    monkeypatch.setattr(left_out, "say_left_out", failing)
    monkeypatch.setattr(left_out._left_out, "due_tick", 0)
    assert work(5) == 5
