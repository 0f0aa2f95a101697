"""Selection of the calls of a part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from obsv.archive import schedule
from obsv.archive.schedule import Cut, cut

HOUR = 3_600 * 10**9
MINUTE = 60 * 10**9
NOW = 100 * HOUR


def test_an_hour_becomes_a_part_when_all_of_it_is_cold() -> None:
    """Not before."""
    starts = [(1, 90 * HOUR), (2, 90 * HOUR + 30 * MINUTE), (3, 91 * HOUR + MINUTE)]
    assert cut(starts, NOW, 9 * HOUR) == Cut(2, 2, 90 * HOUR)
    assert cut(starts[:2], NOW, 9 * HOUR) == Cut(2, 2, 90 * HOUR)
    assert cut(starts[:2], NOW, 9 * HOUR + 15 * MINUTE) is None
    assert cut(starts[:2], NOW, 9 * HOUR + 15 * MINUTE, at_once=True) == Cut(2, 2, 90 * HOUR)


def test_hot_calls_stay() -> None:
    """And so does what arrived after them, however old: the watermark is one number."""
    assert cut([(1, NOW - MINUTE)], NOW, HOUR, at_once=True) is None
    assert cut([(1, NOW - 3 * HOUR), (2, NOW - MINUTE), (3, NOW - 3 * HOUR)], NOW, HOUR, True) == Cut(
        1, 1, NOW - 3 * HOUR
    )


def test_a_call_dated_ahead_keeps_nothing_back() -> None:
    """A clock was wrong."""
    assert cut([(1, NOW + 50 * HOUR), (2, NOW - 3 * HOUR), (3, NOW - MINUTE)], NOW, HOUR, True) == Cut(
        2, 2, NOW + 50 * HOUR
    )


def test_late_calls_go_with_those_they_came_with() -> None:
    """A part is cut by arrival; a call of an hour before does not end it."""
    starts = [(1, 90 * HOUR), (2, 88 * HOUR), (3, 90 * HOUR), (4, 91 * HOUR)]
    assert cut(starts, NOW, HOUR) == Cut(3, 3, 90 * HOUR)


@given(st.lists(st.integers(80 * HOUR, 101 * HOUR), max_size=40), st.integers(1, 30 * HOUR), st.booleans())
def test_parts_are_made_one_after_the_other(starts: list[int], hot_ns: int, at_once: bool) -> None:
    """Each is a piece of what waits, of bounded size, and holds no hot call."""
    waiting = list(enumerate(starts, 1))
    most, schedule.MOST_CALLS = schedule.MOST_CALLS, 7
    try:
        while (found := cut(waiting, NOW, hot_ns, at_once)) is not None:
            taken, waiting = waiting[: found.calls], waiting[found.calls :]
            assert taken[-1][0] == found.last_id
            assert taken[0][1] == found.start_ns
            assert 0 < len(taken) <= 7
            assert not any(NOW - hot_ns < start <= NOW for _, start in taken)
    finally:
        schedule.MOST_CALLS = most
    if at_once and waiting:
        assert NOW - hot_ns < waiting[0][1] <= NOW
