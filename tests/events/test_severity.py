"""Names and numbers of severities."""

from typing import Any

import pytest

from obsv.errors import ConfigurationError
from obsv.events.severity import name_of, number_of, of_level


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("TRACE", 1),
        ("debug", 5),
        ("Info", 9),
        ("WARN", 13),
        ("warning", 13),
        ("ERROR2", 18),
        ("critical", 21),
        (24, 24),
    ],
)
def test_a_severity_has_one_number(given: Any, number: int) -> None:
    """Whatever the case, and by the words of Python's logging."""
    assert number_of(given) == number


@pytest.mark.parametrize("given", ["loud", "", 0, 25, -1, True, None, 9.0, "INFO5"])
def test_what_is_no_severity_is_refused(given: Any) -> None:
    """With a message that names the ones there are."""
    with pytest.raises(ConfigurationError, match="severity is one of TRACE, DEBUG"):
        number_of(given)


def test_names_of_all_numbers_lead_back() -> None:
    """Each of the 24 has a name of its own."""
    assert [number_of(name_of(number)) for number in range(1, 25)] == list(range(1, 25))
    assert (name_of(0), name_of(25)) == ("", "")


def test_levels_of_logging() -> None:
    """Custom levels take the severity below them."""
    assert [of_level(level) for level in (5, 10, 15, 20, 25, 30, 40, 50, 60)] == [1, 5, 5, 9, 9, 13, 17, 21, 21]
