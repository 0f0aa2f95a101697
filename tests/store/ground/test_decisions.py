"""Decisions on their way into the file."""

from __future__ import annotations

from typing import Any

import pytest
from decision_rows import decision, gate

from obsv.store.ground.decisions import read_decision


@pytest.mark.parametrize(
    ("template", "observed", "text"),
    [
        ("{observed:+,.2f}", 1234.5, "+1,234.50"),
        ("{observed:,+.2f}", 1234.5, "{observed:,+.2f}"),
        ("{observed:,,.2f}", 1234.5, "{observed:,,.2f}"),
        ("{observed:.1%}", 0.25, "25.0%"),
    ],
)
def test_templates_are_filled_in(template: str, observed: Any, text: str) -> None:
    """A form that no number takes stays as it is written; the decision is read all the same."""
    made = read_decision(decision(1, gate(observed=observed, passed=True, template=template)))
    assert made is not None
    assert made.gates[0].text == text


def test_a_number_that_cannot_be_formatted_is_shown_whole() -> None:
    """An operator that is an integer beyond any float."""
    made = read_decision(decision(1, ["spread", "", 1, 10**400, 5, True, False, 1, "{op:.2f}"]))
    assert made is not None
    assert made.gates[0].text == str(10**400)
