"""Calls whose message does not come: how long each may wait."""

import threading
from contextlib import ExitStack

import pytest

from obsv.otlp.reading import Reading

LONG_S = 3600.0


class Idle:
    """A call that never gets its message."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def cancel(self) -> None:
        """End the call."""
        self.ended.set()

    def peer(self) -> str:
        """Return the address of the other side."""
        return "ipv4:127.0.0.1:1"


@pytest.mark.parametrize(
    ("is_wanted", "calls", "is_soon"),
    [(True, 2, True), (True, 3, True), (True, 1, False), (False, 2, False), (False, 3, False)],
)
def test_waiting_is_short_only_while_workers_are_wanted_and_many_wait(
    monkeypatch: pytest.MonkeyPatch, is_wanted: bool, calls: int, is_soon: bool
) -> None:
    """The bound that holds is 0, the other an hour: the first call is ended at once only by the right one."""
    monkeypatch.setattr("obsv.otlp.reading.PATIENCE_S", 0 if is_soon else LONG_S)
    reading, idle = Reading(LONG_S if is_soon else 0, most=2), [Idle() for _ in range(calls)]
    reading.want(is_wanted)
    with ExitStack() as stack:
        for call in idle:
            stack.enter_context(reading.waiting(call))
        reading.start()
        stack.callback(reading.stop)
        assert idle[0].ended.wait(20)
