"""Unix time and its texts."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.errors import InvalidQuery
from obsv.times import MAX_NS, clamp_ns, instant_ns, iso, iso_ns, ts

TS = "select datetime(?1 / 1000000000, 'unixepoch') || '.' || substr(?1 / 1000 % 1000000 + 1000000, 2)"
ENDS = [0, 1, 999, 1_000, MAX_NS - 1_000, MAX_NS - 1, MAX_NS]


@given(st.integers(0, MAX_NS) | st.sampled_from(ENDS))
def test_text_is_the_stores_own(ns: int) -> None:
    """Python writes `ts` as SQLite does, from the first instant to the last."""
    assert ts(ns) == sqlite3.connect(":memory:").execute(TS, (ns,)).fetchone()[0]


@given(st.integers(-(2**70), 2**70) | st.sampled_from(ENDS))
def test_text_is_read_back(ns: int) -> None:
    """To the microsecond, and what is outside of what the store knows as the nearer end."""
    assert iso_ns(iso(ns)) == iso_ns(ts(ns)) == clamp_ns(ns) // 1_000 * 1_000
    assert 0 <= clamp_ns(ns) <= MAX_NS


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01", 0),
        ("1969-12-31T23:59:59Z", 0),
        ("0001-01-01T00:00:00+05:00", 0),
        ("1970-01-01T00:00:01.123456789Z", 1_123_456_789),
        ("1970-01-01 00:00:01.1234567891", 1_123_456_789),
        ("1970-01-01T01:00:01,5+01:00", 1_500_000_000),
        ("1970-01-01t00:00z", 0),
        ("2262-04-11T23:47:16.854775807Z", MAX_NS),
        ("2262-04-11T23:47:16.854775808Z", MAX_NS),
        ("5000-01-01T00:00:00Z", MAX_NS),
        ("9999-12-31T23:59:59.999999999-23:59", MAX_NS),
        ("0012", 12),
        ("9" * 5_000, MAX_NS),
    ],
)
def test_instants(text: str, ns: int) -> None:
    """ISO 8601 to the nanosecond, numbers in nanoseconds, and the ends."""
    assert instant_ns(f" {text} ") == ns


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "10000-01-01", "-5", "٣", "2026-01-01T00:00:00.", "1e9"])
def test_other_text_is_refused(text: str) -> None:
    """The message shows how a time is written."""
    with pytest.raises(InvalidQuery, match="2026-01-31T12:00:00Z"):
        instant_ns(text)
