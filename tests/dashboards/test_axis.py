"""Axes that read as the rest of the app."""

from obsv.dashboards.components.axis import count_axis, duration_axis


def test_durations_have_their_unit() -> None:
    """Round steps in the unit of the longest; from 0."""
    assert duration_axis([40_000, None, 12_000])["ticktext"] == ["0", "10 µs", "20 µs", "30 µs", "40 µs"]
    assert duration_axis([870_000_000])["ticktext"] == ["0", "250 ms", "500 ms", "750 ms"]
    assert duration_axis([7_100_000_000])["ticktext"] == ["0", "2 s", "4 s", "6 s"]


def test_counts_are_whole() -> None:
    """One call makes no half calls."""
    assert count_axis([1])["ticktext"] == ["0", "1"]
    assert count_axis([48_000])["ticktext"] == ["0", "20 k", "40 k"]


def test_nothing_has_an_axis_too() -> None:
    """No values, or none but 0."""
    assert duration_axis([None])["ticktext"] == ["0", "1 ns"]
    assert count_axis([])["ticktext"] == ["0", "1"]
