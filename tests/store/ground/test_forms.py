"""The forms of recorded values."""

import pytest

from obsv.store.ground import form_of, value_form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("None", "None"),
        (None, "None"),
        ("True", "a truth value"),
        (False, "a truth value"),
        ("0", "0"),
        ("-0.00", "0"),
        ("12", "a whole number"),
        ("-3", "a negative whole number"),
        ("1.50", "a number"),
        ("1e9", "a number"),
        (-2.5, "a negative number"),
        ("nan", "nan"),
        ("''", "empty"),
        ("[]", "empty"),
        ("", "empty"),
        ("'EUR'", "text"),
        ('"it\'s"', "text"),
        ("[1, 2]", "a list"),
        ("{'a': 1}", "a dict or set"),
        ("Order(id=1)", "Order(…)"),
        ("<shop.Order object at 0x7f>", "shop.Order"),
        ("Color.RED", "other"),
        ("2026-01-01T00:00:00", "other"),
    ],
)
def test_form_of_a_value(text: object, form: str) -> None:
    """As `repr` wrote it, or as JSON has it."""
    assert form_of(text) == form


def test_only_short_values_are_forms() -> None:
    """Only short values are forms."""
    assert value_form("'EUR'") == "= 'EUR'"
    assert value_form("x" * 41) is None
