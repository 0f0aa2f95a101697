"""Answers never grow beyond their budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from obsv.agents.answer import CHARS_A_TOKEN, FEWEST_TOKENS, MOST_TOKENS, Answer

_pieces = st.lists(st.one_of(st.text(max_size=3_000), st.lists(st.text(max_size=400), max_size=30)), max_size=20)


@given(st.integers(-5, 2 * MOST_TOKENS), _pieces)
def test_no_answer_is_longer_than_asked_for(max_tokens: int, pieces: list[str | list[str]]) -> None:
    """Whatever is added; a budget out of bounds becomes the nearest."""
    answer = Answer("title", max_tokens, "Ask for less.")
    for each in pieces:
        if isinstance(each, str):
            answer.add(each)
        else:
            answer.items("list", each)
    assert len(answer.text()) <= min(max(max_tokens, FEWEST_TOKENS), MOST_TOKENS) * CHARS_A_TOKEN


def test_what_is_left_out_is_said() -> None:
    """With how to get it."""
    answer = Answer("title", FEWEST_TOKENS, "Ask with a filter.")
    answer.items("rows", (f"row {number}" for number in range(1_000)))
    assert "row 0" in answer.text()
    assert "row 999" not in answer.text()
    assert answer.text().endswith("_Cut to fit. Ask with a filter._\n")


def test_after_a_gap_nothing_more_is_added() -> None:
    """A shorter later piece would look as if nothing were missing before it."""
    answer = Answer("title", FEWEST_TOKENS)
    assert not answer.add("x" * 10_000)
    assert not answer.add("short")
    assert "short" not in answer.text()


def test_a_whole_answer_says_nothing_of_cuts() -> None:
    """And holds what was added, in order."""
    answer = Answer("title")
    answer.add("one")
    answer.items("two", ["three"])
    assert answer.text().endswith("one\n\n## two\n\n- three\n")
