"""Whole minutes of a time window."""

from __future__ import annotations

from calls import EPOCH_NS, call
from hypothesis import given
from hypothesis import strategies as st

from obsv.store import Reader, Writer
from obsv.store.figures.minutes import Minutes
from obsv.store.ground.window import Window
from obsv.times import NS

MINUTE = 60 * NS


@given(st.integers(10**18, 2 * 10**18), st.integers(1, 2_000))
def test_windows_beside_each_other_share_no_minute(end_ns: int, minutes: int) -> None:
    """So that nothing is counted twice when one is held against the other."""
    window = Window(end_ns - minutes * MINUTE, end_ns)
    now, before = Minutes.of(window), Minutes.of(window.before())
    assert now.last - now.first + 1 == before.last - before.first + 1 == minutes
    assert before.last + 1 == now.first


def test_a_window_ends_in_its_last_minute() -> None:
    """The end itself belongs to the next."""
    assert Minutes.of(Window(5 * MINUTE, 7 * MINUTE)) == (5, 6)
    assert Minutes.of(Window(5 * MINUTE, 7 * MINUTE + 1)) == (6, 7)
    assert Minutes.of(Window(5 * MINUTE, 5 * MINUTE + 1)) == (5, 5)


def test_only_minutes_that_were_recorded_are_looked_up(writer: Writer, reader: Reader) -> None:
    """A window from the beginning of time into the far future costs no more than the file has."""
    writer.write([call(1), call(2, at=EPOCH_NS + 3 * MINUTE)])
    first = EPOCH_NS // MINUTE
    with reader.snapshot() as store:
        assert Minutes(1, 2**40).recorded(store) == (first, first + 3)
        assert Minutes(first + 2, 2**40).recorded(store) == (first + 2, first + 3)


def test_of_an_empty_file_there_is_none(writer: Writer, reader: Reader) -> None:
    """The last is before the first."""
    writer.open()
    with reader.snapshot() as store:
        first, last = Minutes(1, 2**40).recorded(store)
    assert last < first
