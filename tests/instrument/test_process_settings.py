"""Settings of the process hold for every function that does not say otherwise."""

import asyncio
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from obsv import monitor
from obsv.config import settings_from
from obsv.instrument.options import process_settings, set_process_settings
from obsv.instrument.wrapping import recorder_of
from obsv.trace.span import ERROR, Span

Set = Callable[..., None]


@pytest.fixture
def settings() -> Iterator[Set]:
    """Sets those of the process, until the test ends."""
    before = process_settings()
    yield lambda **changes: set_process_settings(settings_from(changes, {}))
    set_process_settings(before)


class Expected(Exception):
    pass


class Below(Expected):
    pass


def test_they_hold_for_functions_decorated_before(settings: Set, spans: list[Span]) -> None:
    """A program configures after its modules are imported."""

    @monitor
    def f(account: str, note: str) -> str:
        return note

    settings(max_repr=5, sensitive_fields=["account"])
    f("A1", "0123456789")
    assert spans[0].attributes["obsv.input.account"] == "***"
    assert len(str(spans[0].attributes["obsv.input.note"])) < 40
    settings(capture="off")
    f("A1", "x")
    assert not any(key.startswith(("obsv.input", "obsv.output")) for key in spans[1].attributes)
    settings()
    f("A1", "x")
    assert spans[2].attributes["obsv.input.account"] == "'A1'"


def test_what_a_function_says_goes_first(settings: Set, spans: list[Span]) -> None:
    """Parts of capture one by one; names are added."""
    settings(capture={"args": False}, sensitive_fields=["desk"], sample_rate=0.0)

    @monitor(capture={"result": False}, sample_rate=1.0, sensitive_fields=["account"])
    def f() -> int:
        return 1

    @monitor(capture={"args": True}, sample_rate=1.0, sensitive_fields=["account"])
    def g(account: str, desk: str) -> int:
        return 1

    @monitor
    def left() -> None: ...

    f(), g("A1", "B2"), left()
    assert [span.name.rpartition(".")[2] for span in spans] == ["f", "g"]
    assert not any(key.startswith("obsv.output") for key in spans[0].attributes)
    assert spans[1].attributes["obsv.input.account"] == spans[1].attributes["obsv.input.desk"] == "***"
    assert spans[1].attributes["obsv.output.return"] == "1"


def test_generators_and_coroutines(settings: Set, spans: list[Span]) -> None:
    """Their calls follow the settings too."""

    @monitor
    def items() -> Iterator[int]:
        yield 7

    @monitor
    async def work() -> int:
        return 8

    settings(capture="args")
    assert (list(items()), asyncio.run(work())) == ([7], 8)
    assert not any(key.startswith("obsv.output") for span in spans for key in span.attributes)
    settings(capture={"cpu": True})
    assert (list(items()), asyncio.run(work())) == ([7], 8)
    assert spans[2].attributes["obsv.cpu_time_ns"] >= 0
    # Decorated before that was asked for, it cannot tell its own time from that of other tasks.
    assert "obsv.cpu_time_ns" not in spans[3].attributes


def test_a_call_that_runs_while_they_change(settings: Set, spans: list[Span]) -> None:
    """It ends as it began."""

    @monitor
    def f() -> int:
        settings(capture="off")
        return 1

    assert f() == 1
    assert f() == 1
    assert [span.name.rpartition(".")[2] for span in spans] == ["f", "f"]


@pytest.mark.parametrize(
    "expected", [Expected, (Expected,), "Expected", [f"{__name__}.Expected"], "KeyError, Expected"]
)
def test_expected_exceptions_are_no_errors(settings: Set, spans: list[Span], expected: Any) -> None:
    """By class or name, those below them too; what they said is there to read."""

    @monitor
    def f(error: Exception) -> None:
        raise error

    settings(expected=expected)
    for error in (Expected("x"), Below("not there, password=hunter2"), ValueError("y")):
        with pytest.raises(type(error)):
            f(error)
    assert [span.status_code == ERROR for span in spans] == [False, False, True]
    (event,) = spans[1].events
    assert event.attributes is not None
    assert event.attributes["exception.type"] == f"{__name__}.Below"
    assert "not there" in str(event.attributes["exception.message"])
    assert "hunter2" not in str(event.attributes["exception.message"])


def test_a_function_adds_expected_exceptions(settings: Set, spans: list[Span]) -> None:
    """In whatever way its calls are recorded."""
    settings(expected=KeyError)

    @monitor(expected=Expected)
    def f(error: Exception) -> None:
        raise error

    @monitor(expected=Expected, sample_rate=0.0)
    def unsampled(error: Exception) -> None:
        raise error

    @monitor(expected=Expected)
    def generator(error: Exception) -> Iterator[None]:
        raise error
        yield

    for error in (KeyError(), Expected(), ValueError()):
        with pytest.raises(type(error)):
            f(error)
        with pytest.raises(type(error)):
            unsampled(error)
        with pytest.raises(type(error)):
            list(generator(error))
    failed = [span.name.rpartition(".")[2] for span in spans if span.status_code == ERROR]
    assert failed == ["f", "unsampled", "generator"]
    assert len(spans) == 7


def test_answers_of_starlette_are_no_errors(spans: list[Span]) -> None:
    """A status below 500 is what a handler says; from 500 on the server failed."""
    exceptions = pytest.importorskip("starlette.exceptions")
    fastapi = pytest.importorskip("fastapi")

    @monitor
    def handler(error: Exception) -> None:
        raise error

    for error in (exceptions.HTTPException(404), fastapi.HTTPException(422), exceptions.HTTPException(503)):
        with pytest.raises(exceptions.HTTPException):
            handler(error)
    assert [span.status_code == ERROR for span in spans] == [False, False, True]


def by_value(n: int) -> int:
    return n


def test_a_pickled_recorder_follows_the_settings_where_it_arrives(settings: Set, spans: list[Span]) -> None:
    """It carries what it was asked for, not what its process was."""
    recorder = recorder_of(monitor(by_value))
    assert recorder is not None
    settings(capture="off")
    arrived = pickle.loads(pickle.dumps(recorder))
    arrived.finish(arrived.begin(1), 1)
    assert not any(key.startswith("obsv.input") for key in spans[0].attributes)


@pytest.mark.parametrize(
    "setting",
    [{"sample_rate": "often"}, {"max_repr": "long"}, {"capture": 5}, {"expected": 3}, {"sensitive_fields": 5},
     {"min_duration": object()}, {"max_per_second": 0}, {"process_group": 5}, {"feed": b"x"}],
)  # fmt: skip
def test_a_wrong_type_is_named(setting: dict[str, Any]) -> None:
    """A message, not a TypeError."""
    from obsv.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match=next(iter(setting))):
        monitor(**setting)
