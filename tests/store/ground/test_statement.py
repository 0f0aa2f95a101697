"""Statements in a form that a formatter does not change."""

from __future__ import annotations

import pytest

from obsv.store.ground.statement import normal, statement_at

SHORT = """
def total(order, rate):
    if order.items and rate > 0:
        raise ValueError(f'no price for {order.name}', rate)
    return convert(order, rate)
"""
LONG = """
def total(
    order,
    rate,
):
    if (
        order.items  # not empty
        and rate > 0
    ):
        raise ValueError(
            f"no price for {order.name}",
            rate,  # as it came
        )
    return convert(
        order, rate
    )
"""


def statements(source: str) -> list[str]:
    """Return the statement of each line, each once."""
    lines = source.splitlines(keepends=True)
    found = [statement_at(lines, number) for number in range(1, len(lines) + 1)]
    return list(dict.fromkeys(each for each in found if each))


def test_reformatted_source_has_the_same_statements() -> None:
    """Line breaks, quotes, comments, trailing commas and brackets are a matter of form."""
    assert statements(SHORT) == statements(LONG)
    assert len(statements(SHORT)) == 4


def test_head_of_a_compound_statement_is_one() -> None:
    """Not with its body."""
    assert statement_at(SHORT.splitlines(keepends=True), 3) == normal("if order.items and rate > 0:")


def test_body_on_the_line_of_its_head_is_the_statement() -> None:
    """A formatter gives it a line of its own."""
    assert statement_at(["if x[1:2] and y: return f(y)\n"], 1) == normal("return f(y)")


def test_function_within_a_class_is_found_by_its_indent() -> None:
    """Reading begins at the definition around a line."""
    source = "class Shop:\n    '''Text\n  odd'''\n    async def total(self):\n        x = 1\n\n        return x / 0\n"
    assert statement_at(source.splitlines(keepends=True), 7) == normal("return x / 0")


@pytest.mark.parametrize("number", [0, -1, 3])
def test_line_that_is_not_there(number: int) -> None:
    """Has no statement."""
    assert statement_at(["x = 1\n", "y = 2\n"], number) is None


@pytest.mark.parametrize("source", ["def f(:\n  (((\n", "x = '''\n", "\tif x\n  y\n", "\0\n"])
def test_source_that_cannot_be_read(source: str) -> None:
    """Nothing is raised."""
    statement_at(source.splitlines(keepends=True), 2)
