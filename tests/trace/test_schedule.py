"""Things to do every so often."""

import pytest

from obsv.testing import FakeClock
from obsv.trace.notices import Notices
from obsv.trace.schedule import Schedule


def test_each_call_has_its_interval() -> None:
    """Only due functions are called."""
    clock = FakeClock()
    schedule = Schedule(Notices(), clock)
    calls: list[str] = []
    schedule.every(1, lambda: calls.append("often"))
    schedule.every(3, lambda: calls.append("seldom"))
    for _ in range(6):
        schedule.run_due()
        clock.advance(1)
    assert calls == ["often", "often", "often", "seldom", "often", "often"]


def test_a_task_may_say_when() -> None:
    """A number that it returns is the time to its next call; otherwise its interval counts."""
    clock = FakeClock()
    schedule = Schedule(Notices(), clock)
    waits = iter([2.0, 0.5, None, None])
    began, called_at = clock(), []

    def call() -> float | None:
        called_at.append(clock() - began)
        return next(waits)

    schedule.every(10, call)
    for _ in range(46):
        schedule.run_due()
        clock.advance(0.5)
    assert called_at == [10.0, 12.0, 12.5, 22.5]


def test_a_long_sleep_is_not_made_up_for() -> None:
    """A machine that slept for an hour does not call 3,600 times."""
    clock = FakeClock()
    schedule = Schedule(Notices(), clock)
    calls: list[int] = []
    schedule.every(1, lambda: calls.append(1))
    clock.advance(3_600)
    schedule.run_due()
    schedule.run_due()
    assert calls == [1]
    clock.advance(1)
    schedule.run_due()
    assert calls == [1, 1]


def test_what_raises_is_logged_once_and_called_again(caplog: pytest.LogCaptureFixture) -> None:
    """One failing task neither ends the others nor fills the log."""
    clock = FakeClock()
    schedule = Schedule(Notices(), clock)
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise RuntimeError("no")

    schedule.every(1, fail)
    schedule.every(1, lambda: calls.append(2))
    for _ in range(3):
        clock.advance(1)
        schedule.run_due()
    assert calls == [1, 2] * 3
    assert len(caplog.records) == 1
