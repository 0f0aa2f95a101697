"""A recorded value as a tree, as JSON and as Python."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.analysis.value_tree import MOST_NODES, as_json, as_python, tree_of


def test_members_of_containers_and_records_are_branches() -> None:
    """Each with its key, field or place."""
    top = tree_of("Order(id=7, lines=[{'sku': 'a'}, 3])")
    assert (top.kind, [child.label for child in top.children]) == ("Order", ["id", "lines"])
    lines = top.children[1]
    assert (lines.kind, [child.label for child in lines.children]) == ("list", ["[0]", "[1]"])
    assert lines.children[0].kind == "dict"


def test_equal_records_are_a_table() -> None:
    """The names of their fields are its head."""
    assert tree_of("[Fill(a=1, b=2), Fill(a=3, b=4)]").columns == ("a", "b")
    assert tree_of("[{'a': 1}, {'b': 2}]").columns == ()
    assert tree_of("[[1, 2], [3, 4]]").columns == ()


def test_a_text_of_several_lines_has_its_lines() -> None:
    """A short one stays as it was recorded."""
    assert tree_of(r"'a\nb'").lines == "a\nb"
    assert tree_of("'ab'").kind == "atom"


def test_a_large_value_has_bounded_branches() -> None:
    """The rest of it stays text."""

    def count(node: object) -> int:
        return 1 + sum(map(count, node.children))  # type: ignore[attr-defined]

    assert count(tree_of(str([[1, 2]] * 5_000))) <= 2 * MOST_NODES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'a': [1, None, True], 'b': 1.5}", {"a": [1, None, True], "b": 1.5}),
        ("Order(id=7, price=1.20)", {"id": 7, "price": 1.2}),
        ("[nan, 2026-01-02]", ["nan", "2026-01-02"]),
        ("'x'", "x"),
        ("<Lock at 0x7f>", "<Lock at 0x7f>"),
        ("[]", []),
    ],
)
def test_a_value_as_json(text: str, expected: object) -> None:
    """A text stands for everything that JSON has no form for."""
    assert json.loads(as_json(text)) == expected


def test_a_value_as_python() -> None:
    """With what it imports, or as it was recorded."""
    assert as_python("2026-01-02") == "import datetime\ndatetime.date.fromisoformat('2026-01-02')"
    assert as_python("<Lock at 0x7f>") == "<Lock at 0x7f>"


@given(st.text(max_size=80) | st.text(alphabet="[](){}'\",: =ab1\\n", max_size=60))
def test_any_text_is_a_tree(text: str) -> None:
    """Whatever was recorded."""
    assert tree_of(text).text == text
    json.loads(as_json(text))
