"""Times and numbers as people read them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obsv.dashboards.clock import ZONE, ago, count, duration, local_text, percent, size, when, zone_named, zone_text

NS = 1_790_000_000_123_456_789  # 2026-09-21 14:13:20.123456789 UTC


def test_an_instant_is_local_with_utc_on_hover() -> None:
    """The zone is the browser's."""
    token = ZONE.set(zone_named("Asia/Kolkata"))
    try:
        shown = when(NS, date=True)
    finally:
        ZONE.reset(token)
    assert shown.children == "2026-09-21 19:43:20.123 UTC+5:30"
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
    ("name", "text"),
    [("Asia/Kolkata", "UTC+5:30"), ("America/St_Johns", "UTC−2:30"), ("Europe/Berlin", "UTC+2"), ("Etc/UTC", "UTC")],
)
def test_the_zone_is_said_by_its_distance(name: str, text: str) -> None:
    """As it is at that instant: in September summer time holds."""
    token = ZONE.set(zone_named(name))
    try:
        assert zone_text(NS) == text
    finally:
        ZONE.reset(token)


FORMATS: dict[str, Callable[[Any], str]] = {
    "duration": duration,
    "count": count,
    "percent": percent,
    "ago": lambda ms: ago(NS, NS + ms * 1_000_000),
}
TABLE = json.loads((Path(__file__).parents[1] / "scripts" / "formats.json").read_text("utf-8"))


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_read_as_the_table_says(name: str) -> None:
    """The browser's scripts are held to the same table."""
    assert [(given, FORMATS[name](given)) for given, _ in TABLE[name]] == [tuple(pair) for pair in TABLE[name]]


def test_the_table_has_every_format() -> None:
    """One that only Python has would drift."""
    assert set(TABLE) == set(FORMATS)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(1, "1 byte"), (999, "999 bytes"), (36_512, "36.5 KB"), (999_600, "1.00 MB"), (10**9, "1.00 GB"),
     (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_a_size_has_the_next_unit_before_it_has_four_digits(given: int, expected: str) -> None:
    assert size(given) == expected
