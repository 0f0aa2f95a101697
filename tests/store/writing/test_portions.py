"""A batch is divided where one transaction would outgrow a small size limit."""

from __future__ import annotations

from store_rows import call

from obsv.store.writing.portions import PORTION, portions

ROWS = [call(number, exception="x" * 1_000) for number in range(1, 101)]


def test_without_a_limit_a_batch_is_one_transaction() -> None:
    """An empty one, too."""
    assert [tuple(each) for each in portions(ROWS, (), None)] == [(ROWS, (), True)]
    assert [tuple(each) for each in portions((), (), 10**7)] == [((), (), True)]


def test_under_a_small_limit_it_is_several() -> None:
    """In their order, each within its share, and only the last one says that it is."""
    found = list(portions(ROWS, (), 10_000 * PORTION))
    assert [row for each in found for row in each.rows] == ROWS
    assert all(1 <= len(each.rows) <= 8 for each in found)
    assert [each.is_last for each in found] == [False] * (len(found) - 1) + [True]


def test_a_row_above_the_share_is_stored_alone() -> None:
    """However small the limit is."""
    found = list(portions(ROWS, (), 1))
    assert [len(each.rows) for each in found] == [1] * 100
