"""Axes that read as the rest of the app."""

import pytest

from obsv.dashboards.charts.axis import cap, count_axis, cut_marks, duration_axis, log_ticks


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


def test_a_burst_does_not_flatten_the_rest() -> None:
    """The axis ends above what is usual; how high the burst was is said."""
    calls = [10.0] * 50 + [5_000.0]
    axis = count_axis(calls)
    assert axis["range"] == [0, 15]
    assert axis["tickvals"][-1] <= 15
    marks = cut_marks(range(51), calls, cap(calls), str)
    assert [(mark["x"], mark["text"]) for mark in marks] == [(50, "▲ 5000.0")]


@pytest.mark.parametrize("values", [[10.0] * 50 + [40.0], [1.0, 1.0, 500.0], [], [None, 0.0]])
def test_without_a_burst_nothing_is_cut(values: list[float | None]) -> None:
    """Neither a high value, nor one of a few, is one."""
    assert cap(values) is None


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (500, 2e9, ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]),
        (800_000, 9_000_000, ["1 ms", "2 ms", "5 ms"]),
        (2_100_000, 4_200_000, ["3 ms", "4 ms"]),
        (1, 2e12, ["1 ns", "10 ns", "100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s",
                   "100 s", "1,000 s"]),
    ],
)  # fmt: skip
def test_log_axes_show_round_numbers(low: float, high: float, labels: list[str]) -> None:
    """1, 10 and 100; what lies between only where those are few."""
    assert list(log_ticks(low, high).values()) == labels
