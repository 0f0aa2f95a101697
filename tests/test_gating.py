"""Thresholds: what holds, and by how much."""

from __future__ import annotations

import pytest

from obsv.gating import OPERATORS, holds, late_inputs, margin_of


@pytest.mark.parametrize(
    ("observed", "op", "threshold", "passed", "margin", "share"),
    [
        (3.0, "<=", 5.0, True, 2.0, 0.4),
        (6.0, "<", 5.0, False, -1.0, -0.2),
        (6, ">=", 4, True, 2.0, 0.5),
        (4, ">", 4, False, 0.0, 0.0),
        (4, "==", 4, True, 0.0, 0.0),
        (5, "==", 4, False, -1.0, -0.25),
        (5, "!=", 4, True, 1.0, 0.25),
        (2, "between", [1, 5], True, 1.0, 0.25),
        (0, "between", [1, 5], False, -1.0, -0.25),
        (1.0, "<=", 0.0, False, -1.0, None),
        ("BTC", "in", ["BTC", "ETH"], True, None, None),
        ("DOGE", "not in", ["BTC"], True, None, None),
    ],
)
def test_margin_is_positive_where_it_holds(
    observed: object, op: str, threshold: object, passed: bool, margin: float | None, share: float | None
) -> None:
    """In units of the value, and as a share of the threshold."""
    assert holds(observed, op, threshold) is passed
    assert margin_of(observed, op, threshold) == (margin, share)


@pytest.mark.parametrize("observed", [None, "3", float("nan"), [], object()])
@pytest.mark.parametrize("op", ["<=", ">=", "between", "in", "no operator"])
def test_comparison_that_cannot_be_made_does_not_hold(observed: object, op: str) -> None:
    """A gate fails closed, and has no margin."""
    assert not holds(observed, op, 5.0)
    assert margin_of(observed, op, 5.0) == (None, None)


@pytest.mark.parametrize("op", OPERATORS)
def test_numbers_without_end_have_no_margin(op: str) -> None:
    """Infinity, and an integer beyond any float."""
    assert margin_of(float("inf"), op, 1.0) == (None, None)
    assert margin_of(10**400, op, 1)[0] is None or op not in ("<=", "<")


def test_inputs_from_the_future_are_told() -> None:
    """By name; what has no time is not judged."""
    assert late_inputs(100, [("a", 2_000_100), ("b", 2_000_101), ("c", None)]) == [
        "input b: as_of is after decision_time"
    ]
