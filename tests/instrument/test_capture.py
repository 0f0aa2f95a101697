"""Recorded parts of a call, by the settings of `monitor`."""

import asyncio
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from obsv import monitor
from obsv.testing import captured_spans
from obsv.trace.span import Span


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


def test_values_are_kept_as_they_were_at_the_call(spans: list[Span]) -> None:
    """Later changes of arguments and result do not change the record."""

    @monitor
    def f(order: dict[str, Any]) -> list[int]:
        order["status"] = "changed"
        return [1]

    result = f({"status": "new"})
    result.append(2)
    assert spans[0].attributes["obsv.input.order"] == "{'status': 'new'}"
    assert spans[0].attributes["obsv.output.return"] == "[1]"


@pytest.mark.parametrize("name", ["password", "api_key", "token", "access_token"])
def test_sensitive_arguments_are_masked(spans: list[Span], name: str) -> None:
    """An argument with a sensitive name leaves nothing of its value, positional or as a keyword."""
    f = monitor(eval(f"lambda {name}, **more: None"))
    f("hunter2", author="ann")
    f(**{name: "hunter2"})
    g = monitor(lambda **kwargs: None)
    g(**{name: "hunter2"})
    for span in spans:
        assert span.attributes[f"obsv.input.{name}"] == "***"
        assert "hunter2" not in repr(span.inputs)
    assert spans[0].attributes["obsv.input.author"] == "'ann'"


def test_own_sensitive_fields(spans: list[Span]) -> None:
    """`sensitive_fields` names more that is masked, beside what always is."""

    @monitor(sensitive_fields=("account",))
    def f(account: str, password: str, name: str) -> None: ...

    f("A1", "p", "ann")
    assert spans[0].attributes["obsv.input.account"] == "***"
    assert spans[0].attributes["obsv.input.password"] == "***"
    assert spans[0].attributes["obsv.input.name"] == "'ann'"


def test_arguments_and_result_can_be_left_out(spans: list[Span]) -> None:
    """`capture` switches arguments and result off, also for coroutines and generators."""
    off = monitor(capture={"args": False, "result": False})

    @off
    def f(a: int, *rest: int, **more: int) -> int:
        return a

    @off
    async def g(a: int) -> int:
        return a

    @off
    def h(a: int) -> Iterator[int]:
        yield a

    f(1, 2, b=3), asyncio.run(g(1)), list(h(1))
    for span in spans:
        assert not [key for key in span.attributes if key.startswith(("obsv.input", "obsv.output"))]


def test_long_values_are_cut_at_max_repr(spans: list[Span]) -> None:
    """A long value keeps its beginning and says how long it was."""

    @monitor(max_repr=20)
    def f(text: str) -> str:
        return text

    f("x" * 5_000)
    shown = str(spans[0].attributes["obsv.input.text"])
    assert "5,000" in shown
    assert len(shown) < 60


def test_serializers(spans: list[Span]) -> None:
    """repr, json and a callable decide how values become text; a callable that fails does no harm."""

    class Thing:
        def __repr__(self) -> str:
            return "Thing!"

    monitor(serializer="repr")(lambda x: x)(Thing())
    monitor(serializer="json")(lambda x: x)({"a": 1})
    monitor(serializer=lambda value: "custom")(lambda x: x)([1])
    monitor(serializer=lambda value: 1 // 0)(lambda x: x)([1])  # type: ignore[arg-type,return-value]
    texts = [str(span.attributes["obsv.input.x"]) for span in spans]
    assert texts[:3] == ["Thing!", '{"a": 1}', "custom"]
    assert "[1]" in texts[3]


def test_cpu_and_memory(spans: list[Span]) -> None:
    """`cpu` and `memory` add what the call used; a generator counts only its own steps."""

    @monitor(capture={"cpu": True, "memory": True})
    def work() -> int:
        return sum(range(200_000))

    @monitor(capture={"cpu": True})
    def lazy() -> Iterator[int]:
        yield 1

    work()
    for _ in lazy():
        sum(range(2_000_000))
    worked, stepped = (span.attributes for span in spans)
    assert int(str(worked["obsv.cpu_time_ns"])) > 100_000
    assert isinstance(worked["obsv.memory_growth_bytes"], int)
    assert int(str(stepped["obsv.cpu_time_ns"])) < int(str(worked["obsv.cpu_time_ns"]))


def test_exact_inputs_of_failing_calls(spans: list[Span]) -> None:
    """`args="exact"` pickles the inputs as they were before the call, of failures only."""

    @monitor(capture={"args": "exact"})
    def f(numbers: list[int], *, scale: float = 1.0) -> None:
        numbers.clear()
        if scale:
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        f([1, 2], scale=2.0)
    f([1], scale=0.0)
    failed, fine = spans
    assert failed.details is not None
    assert failed.details.exact is not None
    assert pickle.loads(failed.details.exact) == (([1, 2],), {"scale": 2.0})
    assert fine.details is None or fine.details.exact is None
    assert failed.attributes["obsv.input.numbers"] == "[1, 2]"


def test_exact_inputs_that_cannot_be_pickled_or_are_large_are_left_out(spans: list[Span]) -> None:
    """Inputs that cannot be pickled, or exceed a megabyte, are recorded as text only."""

    @monitor(capture={"args": "exact"})
    def f(value: object) -> None:
        raise ValueError

    for value in (lambda: None, "x" * 2_000_000):
        with pytest.raises(ValueError):  # noqa: PT011
            f(value)
    assert all(span.details is None or span.details.exact is None for span in spans)


@pytest.mark.parametrize("serializer", ["smart", "repr", "json"])
@pytest.mark.parametrize("inputs", [{"password": "s3cret"}, {"order": {"card": [{"api_key": "s3cret"}]}}])
def test_exact_inputs_with_a_secret_are_left_out(spans: list[Span], inputs: dict[str, Any], serializer: Any) -> None:
    """Values masked in the text are not stored in a pickle either."""

    @monitor(capture={"args": "exact"}, serializer=serializer)
    def f(**inputs: object) -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        f(**inputs)
    assert spans[0].details is None or spans[0].details.exact is None


class Session:
    """A plain object, as clients have them."""

    def __init__(self) -> None:
        self.password = "s3cret"


@pytest.mark.parametrize("value", [Session(), [{"session": Session()}], "postgres://bob:s3cret@db/x"])
def test_exact_inputs_that_hide_something_are_left_out(spans: list[Span], value: Any) -> None:
    """An object that shows by its type alone is not pickled with what it holds."""

    @monitor(capture={"args": "exact"})
    def f(value: object) -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        f(value)
    assert spans[0].details is None or spans[0].details.exact is None
    assert "s3cret" not in str(spans[0].attributes)


def test_result_is_secret_by_the_functions_name(spans: list[Span]) -> None:
    """The result of `get_password` is masked; whether it found one is not."""

    @monitor
    def get_password() -> str | None:
        return results.pop()

    @monitor
    def check_password() -> str:
        return "weak"

    @monitor
    def fetch_page_token() -> str:
        return "page 2"

    results: list[Any] = [None, "s3cret"]
    get_password()
    get_password()
    check_password()
    fetch_page_token()
    returned = [span.attributes["obsv.output.return"] for span in spans]
    assert returned == ["***", "None", "'weak'", "'page 2'"]


def test_process_group_and_feed(spans: list[Span]) -> None:
    """The group is the module by default; a feed's name goes with its calls."""
    monitor(lambda: None)()
    monitor(process_group="trading.pnl", feed="prices")(lambda: None)()
    assert spans[0].attributes["obsv.process_group"] == __name__
    assert "obsv.feed" not in spans[0].attributes
    assert spans[1].attributes["obsv.process_group"] == "trading.pnl"
    assert spans[1].attributes["obsv.feed"] == "prices"


def test_sample_rate_is_decided_per_call(spans: list[Span]) -> None:
    """About half of the calls are recorded at 0.5, and not one for all."""
    f = monitor(sample_rate=0.5)(lambda: None)
    for _ in range(400):
        f()
    assert 100 < len(spans) < 300


def test_program_random_numbers_are_left_alone(spans: list[Span]) -> None:
    """Recording uses none of the program's random numbers, and a seed does not repeat ids."""
    import random

    f = monitor(lambda: None)
    random.seed(1)
    f()
    drawn = random.random()
    random.seed(1)
    assert random.random() == drawn
    f()
    assert len({span.span_id for span in spans}) == 2


def test_serializers_see_plain_values_too(spans: list[Span]) -> None:
    """Numbers, strings and None go through a serializer as everything else does."""
    monitor(serializer=lambda value: f"<<{value}>>")(lambda x, y: None)("a", 1)
    monitor(serializer="json")(lambda x, y: None)("a", True)
    shown = [[span.attributes[key] for key in ("obsv.input.x", "obsv.input.y", "obsv.output.return")] for span in spans]
    assert shown == [["<<a>>", "<<1>>", "<<None>>"], ['"a"', "true", "null"]]


@pytest.mark.parametrize("serializer", ["smart", "repr", "json"])
def test_metaclass_of_a_value_runs_nothing(spans: list[Span], serializer: Any) -> None:
    """A class whose metaclass raises wherever it can does not make a recorded call raise."""

    class Meta(type):
        def __hash__(cls) -> int:
            raise RuntimeError("hash")

        def __eq__(cls, other: object) -> bool:
            raise RuntimeError("eq")

    class Odd(metaclass=Meta):
        pass

    assert isinstance(monitor(serializer=serializer)(lambda x: x)(Odd()), Odd)
    assert len(spans) == 1
