"""The explorer's query language."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.errors import InvalidQuery
from obsv.store.finding.conditions import All, AnyOf, Compare, Contains, Field, Not
from obsv.store.finding.query_text import MOST_CHARS, parse_query, quoted, terms_of

PRICE = Field("shown", "price")


def test_terms_beside_each_other_must_all_hold() -> None:
    """A name of a value, an operator, a value."""
    asked = parse_query('price>10 rate=None symbol:"A B"')
    assert asked == All(
        (
            Compare(PRICE, ">", "10"),
            Compare(Field("shown", "rate"), "=", "None"),
            Compare(Field("shown", "symbol"), "has", "A B"),
        )
    )


def test_words_are_one_text() -> None:
    """Unless they are quoted apart."""
    assert parse_query("out of stock") == Contains("out of stock")
    assert parse_query("'out of' stock") == All((Contains("out of"), Contains("stock")))
    assert parse_query("ValueError: no price") == Contains("ValueError: no price")


def test_a_minus_negates_and_or_separates() -> None:
    """Both of whole terms."""
    assert parse_query("-price=3 or x") == AnyOf((Not(Compare(PRICE, "=", "3")), Contains("x")))


def test_a_name_with_a_meaning_is_a_value_with_a_prefix() -> None:
    """A function may have a parameter named status."""
    assert parse_query("value.status=ERR") == Compare(Field("shown", "status"), "=", "ERR")


@pytest.mark.parametrize(
    ("text", "ns"),
    [("1.5ms", 1_500_000), ("250us", 250_000), ("2s", 2 * 10**9), ("3", 3 * 10**6), ("9" * 309, 2**62)],
)
def test_a_duration_has_a_unit(text: str, ns: int) -> None:
    """Milliseconds without one; one that is too long is the longest."""
    assert parse_query(f"duration>={text}") == Compare(Field("intrinsic", "span:duration"), ">=", ns)


@pytest.mark.parametrize(
    "text", ["price>x", "status:maybe", "duration>soon", "process>3", "x" * (MOST_CHARS + 1), "a=1 " * 40]
)
def test_what_has_no_meaning_is_said(text: str) -> None:
    """With what to write."""
    with pytest.raises(InvalidQuery):
        parse_query(text)


@given(st.text(max_size=60))
def test_any_text_can_be_asked_for(text: str) -> None:
    """Quoted, it is one term; not quoted, it raises nothing but its own error."""
    if text:
        (term,) = terms_of(f"price={quoted(text)}")
        assert (term.name, term.operator, term.value) == ("price", "=", text)
    with contextlib.suppress(InvalidQuery):
        parse_query(text)
