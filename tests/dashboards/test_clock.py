"""Times and numbers as people read them."""

import pytest

from obsv.dashboards.clock import ZONE, ago, count, duration, local_text, percent, when, zone_named

NS = 1_790_000_000_123_456_789  # 2026-09-21 14:13:20.123456789 UTC


def test_an_instant_is_local_with_utc_on_hover() -> None:
    """The zone is the browser's."""
    token = ZONE.set(zone_named("Asia/Kolkata"))
    try:
        shown = when(NS, date=True)
    finally:
        ZONE.reset(token)
    assert shown.children == "2026-09-21 19:43:20.123"
    assert shown.title == "2026-09-21 14:13:20.123456 UTC"
    assert shown.dateTime == "2026-09-21T14:13:20Z"


@pytest.mark.parametrize("name", [None, "", "No/Such_Zone", "../../etc/passwd", "\0"])
def test_an_unknown_zone_is_utc(name: str | None) -> None:
    """A cookie can hold anything."""
    token = ZONE.set(zone_named(name))
    try:
        assert local_text(NS) == "14:13:20.123"
    finally:
        ZONE.reset(token)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_500, "1.50 µs"),
        (12_345_678, "12.3 ms"),
        (59_900_000_000, "59.9 s"),
        (123_000_000_000, "2 min 3 s"),
        (3_900_000_000_000, "1 h 5 min"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    """Three digits and a unit."""
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (9_999, "9,999"), (12_345, "12.3 k"), (4_500_000, "4.50 M"), (2.5e9, "2.50 G")]
)
def test_counts(value: float, text: str) -> None:
    """Exact while short."""
    assert count(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.00034, "0.034 %"), (0.042, "4.2 %"), (0.37, "37 %"), (1, "100 %")]
)
def test_shares(share: float, text: str) -> None:
    """Two digits where they tell something."""
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago"), (-5, "now")],
)
def test_how_long_ago(seconds: int, text: str) -> None:
    """The largest unit."""
    assert ago(NS, NS + seconds * 1_000_000_000) == text
