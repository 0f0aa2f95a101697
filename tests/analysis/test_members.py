"""The members of recorded containers."""

import pytest

from obsv.analysis.members import MOST, members


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{'rate': None, 'at': 2026-01-02T03:04}", [(".rate", "rate", "None"), (".at", "at", "2026-01-02T03:04")]),
        ("[1.5, 'a, b']", [("[0]", "", "1.5"), ("[1]", "", "'a, b'")]),
        ("(7,)", [("[0]", "", "7")]),
        ("Line(sku='a', price=1.20)", [(".sku", "sku", "'a'"), (".price", "price", "1.20")]),
        (
            "Order(lines=[Line(price=1.20)])",
            [
                (".lines", "lines", "[Line(price=1.20)]"),
                (".lines[0]", "lines", "Line(price=1.20)"),
                (".lines[0].price", "price", "1.20"),
            ],
        ),
        ("{'it\\'s': {'x': 1}}", [(".it\\'s", "it\\'s", "{'x': 1}"), (".it\\'s.x", "x", "1")]),
    ],
)  # fmt: skip
def test_members_are_found_with_their_paths(text: str, found: list[tuple[str, str, str]]) -> None:
    """Commas and brackets in strings separate nothing."""
    assert members(text) == found


@pytest.mark.parametrize("text", ["", "[", "1.5", "'[1, 2]'", "[1, (2]", "Order(1)", "{'a': 1", "range(3)", "[]", "x]"])
def test_what_is_no_whole_container_has_none(text: str) -> None:
    """Cut, or something else."""
    assert members(text) == []


def test_of_many_the_first_count() -> None:
    """A list of a thousand prices says little."""
    assert len(members(str(list(range(200))))) == MOST
