"""The number of calls that a span stands for, from its trace state."""

import random

import pytest

from obsv.probability import MOST_CALLS, adjusted_count, probability_of, threshold_of, whole, with_threshold

ID = (7).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("state", "calls"),
    [
        ("ot=th:0", 1),
        ("ot=th:8", 2),
        ("ot=th:c", 4),
        ("ot=th:f", 16),
        ("ot=th:fd70a3d70a3d71", 100),
        ("ot=rv:aaaaaaaaaaaaaa;th:c", 4),
        ("vendor=x, ot=th:8;rv:01", 2),
        ("ot=th:ffffffffffffff", MOST_CALLS),
        ("", 1),
        ("vendor=th:8", 1),
        ("rot=th:8", 1),
        ("ot=th:", 1),
        ("ot=th:xyz", 1),
        ("ot=th:C", 1),
        ("ot=th:123456789012345", 1),
        ("ot=path:8", 1),
        ("ot=p:3", 1),
        ("\0ot=th:8" * 1000, 1),
    ],
)
def test_adjusted_counts(state: str, calls: int) -> None:
    """By the specification's examples; what cannot be read stands for itself."""
    assert adjusted_count(state, ID) == calls


@pytest.mark.parametrize("probability", [1.0, 0.5, 0.3, 0.1, 0.01, 1e-6])
def test_a_threshold_says_its_probability(probability: float) -> None:
    """To within 56 bits."""
    threshold = threshold_of(probability)
    assert probability_of(f"th:{threshold}") == pytest.approx(probability)
    assert len(threshold) <= 14
    assert threshold == "0" or not threshold.endswith("0")


def test_fractions_come_out_right_in_sums() -> None:
    """A call that stands for 3.25 is 3 or 4, by its id: the same each time, also where ids are numbers in a row."""
    randomly = random.Random(7)
    for ids in ([randomly.randbytes(8) for _ in range(20_000)], [n.to_bytes(8, "big") for n in range(1, 20_001)]):
        weights = [whole(3.25, each) for each in ids]
        assert set(weights) == {3, 4}
        assert sum(weights) / len(weights) == pytest.approx(3.25, rel=0.01)
        assert weights == [whole(3.25, each) for each in ids]


def test_other_members_stay() -> None:
    """Only `th` is another, or goes."""
    assert with_threshold("rv:1;th:8", "c") == "th:c;rv:1"
    assert with_threshold("rv:1;th:8", None) == "rv:1"
    assert with_threshold("", None) == ""
