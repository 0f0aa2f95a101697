"""Times as people type them."""

import pytest

from obsv.errors import InvalidQuery
from obsv.since import since

NOW = 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h", 3_600),
        ("1.5h", 5_400),
        ("7d", 604_800),
        (" 1w ", 604_800),
        ("1h30m", 5_400),
        ("2 days", 172_800),
    ],
)
def test_ages(text: str, ago_s: int) -> None:
    """A number and a unit is so long ago."""
    assert since(text, NOW) == NOW - ago_s * 10**9


@pytest.mark.parametrize(
    "text", ["2023-11-14 22:13:20", "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "2023-11-14 22:13:20.000000"]
)
def test_instants(text: str) -> None:
    """An instant in ISO 8601, UTC where nothing else is said."""
    assert since(text, NOW) == NOW


def test_before_the_epoch() -> None:
    """Longer ago than there is time is the beginning."""
    assert since("9999w", NOW) == 0


@pytest.mark.parametrize("text", ["", "yesterday", "5", "-1h", "1h30", "1.5.5h", "9" * 400 + "d", "2023-13-01"])
def test_what_is_no_time(text: str) -> None:
    """Anything else is refused with what it takes."""
    with pytest.raises(InvalidQuery, match="1h"):
        since(text, NOW)
