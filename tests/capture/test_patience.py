"""Slow methods of the program are run a hundredth of the time at most."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from obsv.capture.message import message_of
from obsv.capture.patience import Patience

MS = 1_000_000


class Clock:
    """A time that only tests move."""

    def __init__(self) -> None:
        self.now = 5

    def __call__(self) -> int:
        return self.now

    def taking(self, duration: int, fault: Exception | None = None) -> Callable[[], str]:
        """Return a call that takes a while, and may raise."""

        def call() -> str:
            self.now += duration
            if fault is not None:
                raise fault
            return "text"

        return call


def test_a_slow_method_rests_a_hundred_times_as_long() -> None:
    """Then it is tried again, once, and other methods are not concerned."""
    clock = Clock()
    patience = Patience(clock)
    assert patience.run(str, clock.taking(2 * MS)) == "text"
    for _ in range(3):
        assert patience.is_over(str) == 0
        assert patience.run(str, clock.taking(2 * MS)) == "text"
        assert patience.is_over(str) == 2 * MS
        assert patience.is_over(repr) == 0
        clock.now += 200 * MS


def test_a_method_that_was_interrupted_does_not_rest() -> None:
    """The time of one call may be that of other threads."""
    clock = Clock()
    patience = Patience(clock)
    for _ in range(100):
        patience.run(str, clock.taking(14 * MS))
        assert patience.is_over(str) == 0
        patience.run(str, clock.taking(1_000))


def test_a_fast_method_never_rests() -> None:
    """A millisecond is allowed each time."""
    clock = Clock()
    patience = Patience(clock)
    for _ in range(100):
        patience.run(str, clock.taking(MS))
    assert patience.is_over(str) == 0


def test_a_slow_failure_counts_too() -> None:
    """A method that raises after a while rests likewise."""
    clock = Clock()
    patience = Patience(clock)
    for _ in range(2):
        with pytest.raises(ValueError, match="odd"):
            patience.run(str, clock.taking(3 * MS, ValueError("odd")))
    assert patience.is_over(str) == 3 * MS


def test_many_slow_methods_take_little_room() -> None:
    """Methods are forgotten where there are hundreds of them."""
    clock = Clock()
    patience = Patience(clock)
    for method in [Clock() for _ in range(1_000)]:
        patience.run(method, clock.taking(2 * MS))
    assert len(patience._rests) <= 256


def test_an_exception_with_a_slow_text_shows_its_arguments() -> None:
    """Its own text is made twice."""
    made = []

    class Slow(Exception):
        def __str__(self) -> str:
            made.append(self)
            time.sleep(0.02)
            return "own"

    assert [message_of(Slow(1)), message_of(Slow(1))] == ["own", "own"]
    assert message_of(Slow(2, "two")).startswith("(2, 'two') (instead of its own text, which took ")
    assert len(made) == 2


def test_an_argument_with_a_slow_text_is_not_asked_again() -> None:
    """The same holds for the only argument of an exception."""

    class Slow:
        asked = 0

        def __str__(self) -> str:
            Slow.asked += 1
            time.sleep(0.02)
            return "own"

    texts = [message_of(ValueError(Slow())) for _ in range(4)]
    assert texts[:2] == ["own", "own"]
    assert Slow.asked == 2
