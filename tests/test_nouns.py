"""Nouns and verbs after a count."""

from obsv.nouns import are, counted, plural


def test_one_is_singular_and_all_else_plural() -> None:
    """Zero is plural, and large counts have separators."""
    assert [counted(count, "call") for count in (0, 1, 2_000)] == ["0 calls", "1 call", "2,000 calls"]
    assert (plural(1, "row"), plural(3, "row")) == ("row", "rows")
    assert (are(1), are(0)) == ("is", "are")
