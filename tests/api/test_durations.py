"""Durations as Go writes them."""

import pytest

from obsv.api.durations import parse_duration
from obsv.errors import InvalidQuery


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1.2s", 1_200_000_000),
        ("500us", 500_000),
        ("500µs", 500_000),
        ("1h30m", 5_400_000_000_000),
        ("0", 0),
        ("-1.5ms", -1_500_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("0.1ns", 0),
    ],
)
def test_go_durations(text: str, nanoseconds: int) -> None:
    """Everything that Go's time.ParseDuration accepts is accepted, to the nanosecond."""
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "1", "s", "1d", "1 s", "1s ", "1..5s", "--1s", "1e3s", "99999999h", "1s" * 100])
def test_what_is_none(text: str) -> None:
    """Anything else is an error, also what is too long for 64 bits."""
    with pytest.raises(InvalidQuery):
        parse_duration(text)
