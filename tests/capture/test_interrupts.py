"""Exceptions that come up while obsv works and are the program's own."""

import functools
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from obsv.capture import is_from_signal, render, snapshot

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal")


class TimeUp(Exception):
    pass


def give_up(*_: object) -> None:
    raise TimeUp


class Handler:
    def __call__(self, *_: object) -> None:
        raise TimeUp

    def method(self, *_: object) -> None:
        raise TimeUp


@pytest.fixture
def handle() -> Iterator[Callable[[Any], object]]:
    before = signal.getsignal(signal.SIGUSR1)
    yield functools.partial(signal.signal, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("handler", [give_up, Handler(), Handler().method, functools.partial(give_up, 1)])
def test_handlers_of_every_kind(handle: Callable[[Any], object], handler: Any) -> None:
    """A function, a method, a callable object, a partial; the same function called by the program is no handler."""
    handle(handler)
    with pytest.raises(TimeUp) as caught:
        signal.raise_signal(signal.SIGUSR1)
    assert is_from_signal(caught.value)
    handle(signal.SIG_DFL)
    assert not is_from_signal(caught.value)


def test_a_value_is_left_when_time_is_up(handle: Callable[[Any], object]) -> None:
    """Between two steps of reading a value; what the value itself raises is kept from the program as ever."""

    class Frame:
        __module__ = "pandas"

        @property
        def shape(self) -> tuple[int, int]:
            signal.raise_signal(signal.SIGUSR1)
            raise ValueError

    Frame.__name__ = Frame.__qualname__ = "DataFrame"
    handle(give_up)
    with pytest.raises(TimeUp):
        snapshot(Frame())
    with pytest.raises(TimeUp):
        snapshot([Frame()])
    handle(lambda *_: None)
    assert render(snapshot(Frame()), 100).startswith("<DataFrame at 0x")
