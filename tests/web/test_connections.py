"""The choice of the connection to close when there are too many."""

from dataclasses import dataclass

from obsv.web.connections import Connections


@dataclass
class Line:
    """A connection that notes its end."""

    address: str = "10.0.0.1"
    waiting_since: float | None = 0.0
    has_asked: bool = False
    ended: bool = False

    def end(self) -> None:
        self.ended = True


def ended(lines: list[Line]) -> list[int]:
    return [i for i, line in enumerate(lines) if line.ended]


def joined(*lines: Line, most: int = 3) -> tuple[list[bool], list[int]]:
    """Return for each of several connections whether it was accepted, and which ones were closed."""
    connections = Connections(most)
    return [connections.join(line) for line in lines], ended(list(lines))


def test_the_longest_waiting_makes_room() -> None:
    """A newcomer always gets in while somebody waits."""
    lines = [Line(waiting_since=since) for since in (5.0, 2.0, 9.0, 10.0, 11.0)]
    assert joined(*lines) == ([True] * 5, [0, 1])


def test_the_address_with_most_makes_room() -> None:
    """One address that opens many ends its own."""
    lines = [Line("10.0.0.9", 0.0), Line("10.0.0.1", 1.0), Line("10.0.0.1", 2.0), Line("10.0.0.2", 3.0)]
    assert joined(*lines) == ([True] * 4, [1])


def test_who_has_asked_before_stays() -> None:
    """A sender between two batches is worth more than a connection that never sent a request."""
    lines = [Line(waiting_since=0.0, has_asked=True), Line(waiting_since=5.0), Line(waiting_since=6.0), Line()]
    assert joined(*lines) == ([True] * 4, [1])


def test_nobody_who_is_being_answered_is_ended() -> None:
    """When all are being answered, the newcomer has to come again."""
    lines = [*(Line(waiting_since=None) for _ in range(3)), Line()]
    assert joined(*lines) == ([True, True, True, False], [])


def test_who_left_makes_room() -> None:
    """A connection that has gone is not counted, and may be said to have gone twice."""
    connections, gone = Connections(1), Line(waiting_since=None)
    assert connections.join(gone)
    connections.leave(gone)
    connections.leave(gone)
    assert connections.join(Line())
    assert len(connections) == 1
