"""What producers know about the worker."""

import pytest

from obsv.testing import FakeClock
from obsv.trace.pulse import Pulse


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pulse(clock: FakeClock) -> Pulse:
    pulse = Pulse(0.2, clock)
    pulse.takes(0)
    return pulse


def test_a_worker_that_does_not_look_is_starved(pulse: Pulse, clock: FakeClock) -> None:
    """Half of the lag is left for whoever steps in."""
    clock.advance(0.09)
    assert not pulse.is_starved
    clock.advance(0.02)
    assert pulse.is_starved
    pulse.beat()
    assert not pulse.is_starved


def test_a_worker_in_a_long_export_is_slow(pulse: Pulse, clock: FakeClock) -> None:
    """An error would have to wait for the end of the batch."""
    pulse.busy_for(0.1)
    assert pulse.is_slow
    clock.advance(0.09)
    assert not pulse.is_slow
    pulse.busy_for(0.1)
    pulse.busy_for(0)
    assert not pulse.is_slow


def test_a_worker_that_comes_late_is_slow(pulse: Pulse, clock: FakeClock) -> None:
    """Beside computing threads it is late every time; once that is over it is trusted again."""
    for _ in range(5):
        pulse.call()
        clock.advance(0.05)
        pulse.woke()
    assert pulse.is_slow
    for _ in range(10):
        pulse.call()
        pulse.woke()
    assert not pulse.is_slow


def test_a_slow_exporter_is_slow_for_errors_too(pulse: Pulse) -> None:
    """What takes long for a few spans takes too long for an error."""
    pulse.takes(0.03)
    assert pulse.is_slow
    pulse.takes(0.003)
    assert not pulse.is_slow


def test_an_unknown_exporter_counts_as_slow(clock: FakeClock) -> None:
    """The first error of a program is the one that must not be lost."""
    pulse = Pulse(0.2, clock)
    pulse.call()
    clock.advance(0.001)
    pulse.woke()
    assert pulse.is_slow
