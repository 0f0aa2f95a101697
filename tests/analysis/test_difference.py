"""Differences between two calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from obsv.analysis.difference import Difference, differences, pieces
from obsv.store.spans.call import Call, Value


def call(**values: str) -> Call:
    blank = dict.fromkeys(Call._fields)
    listed = [Value(name, "OUTPUT" if name == "out" else "INPUT", text) for name, text in values.items()]
    return Call(**blank | {"values": tuple(listed)})  # type: ignore[arg-type]


def test_what_differs_comes_first() -> None:
    """Then the rest, each in the order of the first call."""
    found = differences(call(a="1", b="2", c="3", out="x"), call(a="1", b="9", out="y", d="4"))
    assert [(each.name, each.left, each.right, each.same) for each in found] == [
        ("b", "2", "9", False), ("c", "3", None, False), ("out", "x", "y", False), ("d", None, "4", False),
        ("a", "1", "1", True),
    ]  # fmt: skip


def test_differing_words_are_told_apart() -> None:
    """Word by word, not letter by letter."""
    (found,) = differences(call(order="{'symbol': 'MSFT', 'n': 5}"), call(order="{'symbol': 'AAPL', 'n': 5}"))
    assert [piece.text for piece in found.left_pieces if piece.differs] == ["MSFT"]
    assert [piece.text for piece in found.right_pieces if piece.differs] == ["AAPL"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_pieces_make_up_the_texts(one: str, other: str) -> None:
    """Nothing is lost, and equal texts have no differing piece."""
    left, right = pieces(one, other)
    assert "".join(piece.text for piece in left) == one
    assert "".join(piece.text for piece in right) == other
    assert any(piece.differs for piece in (*left, *right)) == (one != other)


def test_very_long_texts_are_compared_as_wholes() -> None:
    """Matching them would take minutes."""
    left, right = pieces("a " * 5_000, "b " * 5_000)
    assert (len(left), len(right)) == (1, 1)


def test_nothing_to_compare() -> None:
    """Calls without values differ in nothing."""
    assert differences(call(), call()) == []
    assert Difference("a", "INPUT", None, None, [], []).same
