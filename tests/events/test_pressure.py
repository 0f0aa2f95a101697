"""Tiers under pressure."""

import logging

import pytest

from obsv.events.pressure import Pressure
from obsv.events.severity import DEBUG, ERROR, INFO


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_below_info_is_dropped_and_counted_above_80_percent() -> None:
    """By the name of its severity; all else is taken, and all again below 80 %."""
    pressure = Pressure(Clock())
    assert pressure.admits(DEBUG)
    pressure.look(0.81)
    assert [pressure.admits(severity) for severity in (1, DEBUG, DEBUG, INFO, ERROR)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert pressure.dropped == {"TRACE": 1, "DEBUG": 2}
    pressure.look(0.80)
    assert not pressure.admits(DEBUG)
    pressure.look(0.79)
    assert pressure.admits(DEBUG)


def test_the_kill_switch_is_called_once_an_episode() -> None:
    """An episode ends below 80 %, not at 94 %."""
    called: list[float] = []
    pressure = Pressure(Clock())
    pressure.kill_switch = called.append
    for fill in (0.96, 0.99, 0.90, 0.97, 0.5, 0.95):
        pressure.look(fill)
    assert called == [0.96, 0.95]


def test_a_failing_kill_switch_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """And costs the program nothing."""
    pressure = Pressure(Clock())
    pressure.kill_switch = lambda fill: 1 / 0
    pressure.look(1.0)
    assert "kill switch" in caplog.text


def test_warnings_have_a_cooldown(caplog: pytest.LogCaptureFixture) -> None:
    """Of five minutes, however often it comes and goes."""
    clock = Clock()
    pressure = Pressure(clock)
    for now in (0.0, 1.0, 299.0, 301.0):
        clock.now = now
        pressure.look(0.85)
        pressure.look(0.5)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
