"""Changes, and which of them say something."""

import pytest

from obsv.dashboards.components.change import change, least


@pytest.mark.parametrize(
    ("now", "before", "calls", "text", "good"),
    [
        (107.0, 100.0, (43, 43), "+7 %", None),
        (107.0, 100.0, (10_000, 9_000), "+7 %", False),
        (93.0, 100.0, (10_000, 9_000), "-7 %", True),
        (103.0, 100.0, (10**7, 10**7), "+3 %", None),
        (150.0, 100.0, (30, 10_000), "+50 %", None),
        (1000.0, 50.0, (43, 43), "×20", False),
        (100.1, 100.0, (10**7, 10**7), "0 %", None),
    ],
)
def test_a_change_is_coloured_where_it_is_no_accident(
    now: float, before: float, calls: tuple[int, int], text: str, good: bool | None
) -> None:
    """The fewer calls stand behind it, the greater it has to be."""
    assert change(now, before, less_is_better=True, calls=calls) == (text, good)


def test_what_is_neither_better_nor_worse_has_no_colour() -> None:
    """More calls are not worse."""
    assert change(2.0, 1.0, less_is_better=None, calls=(10**6, 10**6)) == ("+100 %", None)


@pytest.mark.parametrize(("now", "before"), [(None, 1.0), (1.0, None), (1.0, 0.0), (0.0, 1.0)])
def test_nothing_is_said_without_both_numbers(now: float | None, before: float | None) -> None:
    """From nothing to something is no percentage."""
    assert change(now, before, less_is_better=True, calls=(10, 10)) is None


def test_without_calls_no_change_is_one() -> None:
    """There is nothing behind it."""
    assert least(0, 100) == float("inf")
