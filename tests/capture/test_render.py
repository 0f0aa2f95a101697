"""A snapshot's text is bounded, valid and the same every time."""

from __future__ import annotations

import pytest

from obsv.capture import MASKED, render
from obsv.capture.frozen import AT, CALL, CUT, FIELDS, JSON, NOTE, SET


@pytest.mark.parametrize(
    ("frozen", "text"),
    [
        (1, "1"),
        ("a", "'a'"),
        ([1, {"a": (1,)}], "[1, {'a': (1,)}]"),
        (MASKED, "***"),
        ({"a": MASKED}, "{'a': ***}"),
        ((..., "text"), "text"),
        ((..., CUT, "ab", 5_000), "'ab…' (5,000 characters)"),
        ((..., CUT, b"ab", 5_000), "b'ab…' (5,000 bytes)"),
        ((..., AT, "Portfolio", 255), "<Portfolio at 0xff>"),
        ((..., FIELDS, "Order", {"a": 1, "b": MASKED, (..., "+3 more"): ...}), "Order(a=1, b=***, +3 more)"),
        ((..., CALL, "deque", [[1]]), "deque([1])"),
        ((..., SET, "", [10, 9, (..., "+1 more")]), "{9, 10, +1 more}"),
        ((..., SET, "frozenset", []), "frozenset()"),
        ((..., JSON, {"a": None}), '{"a": null}'),
        ((..., NOTE, [1], "serializer raised ValueError"), "[1] (serializer raised ValueError)"),
        ("Ellipsis", "'Ellipsis'"),
        (["Ellipsis", (1,)], "['Ellipsis', (1,)]"),
        (((..., "+2 more"),), "(+2 more)"),
    ],
)
def test_text(frozen, text):
    """Every form of a snapshot has its text."""
    assert render(frozen) == text


@pytest.mark.parametrize(
    ("frozen", "text"),
    [
        ("a" * 20, "'aaaaaaaaa…' (20 characters)"),
        ("\x00" * 10, r"'\x00\x00\…' (10 characters)"),
        (b"a" * 20, "b'aaaaaaaa…' (20 bytes)"),
        (list(range(20)), "[0, 1, 2, …"),
        (10**30, "1000000000…"),
    ],
)
def test_cut(frozen, text):
    """A text longer than asked is cut, and the length of a text or of bytes said."""
    assert render(frozen, 10) == text


def test_lone_surrogates():
    """Text that UTF-8 cannot encode is escaped wherever text is kept unchanged."""
    bad = "\udcff"
    for frozen in (
        (..., bad),
        (..., AT, bad, 1),
        (..., FIELDS, bad, {bad: bad}),
        (..., SET, bad, []),
        {bad: (..., bad)},
    ):
        assert render(frozen).encode()
    assert render((..., JSON, {bad: bad})).encode()
    assert render((..., NOTE, bad, bad)).encode()


def test_other_text_is_kept():
    """Letters of any script are shown as they are."""
    assert render("Zürich 東京 🚀") == "'Zürich 東京 🚀'"
    assert render((..., "東京")) == "東京"
