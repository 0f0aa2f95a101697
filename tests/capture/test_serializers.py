"""Other ways to show a value: its repr, JSON, a function of the user's."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import pytest

from obsv.capture import Limits, Redactor, make_snapshot, render
from obsv.errors import ConfigurationError


@dataclasses.dataclass
class Order:
    order_id: int
    password: str = "hunter2"


class Broken:
    def __repr__(self):
        raise ValueError("hunter2")


class Mistaken:
    def __repr__(self):
        return 5


def text_by(serializer, value, max_repr=1_000):
    """The text of a value by a serializer."""
    return render(make_snapshot(Limits(max_repr), Redactor(), serializer)(value), max_repr)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        ("a", "'a'"),
        (None, "None"),
        ([1, [2]], "[1, [2]]"),
        (Order(1), "Order(order_id=1, password='***')"),
        ("a" * 5_000, "'" + "a" * 999 + "…' (5,000 characters)"),
        ([0] * 5_000, ("[" + "0, " * 5_000)[:1_000] + "… (15,000 characters)"),
    ],
)
def test_repr(value, text):
    """ "repr" is what repr returns, cut and without secrets."""
    assert text_by("repr", value) == text


@pytest.mark.parametrize(("make", "error"), [(Broken, "ValueError"), (Mistaken, "TypeError")])
def test_broken_repr(make, error):
    """If repr fails, the smart text is used with a note, without the error's message."""
    value = make()
    assert text_by("repr", value) == f"<{make.__name__} at {id(value):#x}> (serializer raised {error})"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        ("a", "a"),
        (None, None),
        (True, True),
        ([1, (2, 3)], [1, [2, 3]]),
        ({"a": {"b": [1]}, 1: 2}, {"a": {"b": [1]}, "1": 2}),
        (Order(1), {"order_id": 1, "password": "***"}),
        ({3, 1}, [1, 3]),
        (date(2026, 1, 2), "2026-01-02"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (b"x", "b'x'"),
        ({"token": "hunter2"}, {"token": "***"}),
        (list(range(50)), list(range(50))),
        ([[[[[[1]]]]]], [[[[[[1]]]]]]),
    ],
)
def test_json(value, expected):
    """ "json" is JSON: records are objects, and what JSON cannot say is a text."""
    assert json.loads(text_by("json", value)) == expected


def test_json_of_much():
    """A value that is too long becomes a JSON string: still valid, and limited."""
    for value in ("a" * 5_000, ["a" * 90] * 50, "\x00" * 5_000, {"a" * 500: "b" * 900}, list(range(10**6))):
        text = text_by("json", value, 200)
        json.loads(text)
        assert len(text) <= 264
    assert json.loads(text_by("json", "a" * 5_000)).startswith("aaaa")


def test_own_function():
    """A function's text is taken as it is, cut and without secrets."""
    assert text_by(lambda value: f"order {value.order_id} token=hunter2", Order(7)) == "order 7 token=***"
    assert text_by(lambda value: "x" * 2_000, 1) == "x" * 1_000 + "… (2,000 characters)"


@pytest.mark.parametrize("error", [ValueError, SystemExit, RecursionError, GeneratorExit])
def test_failing_function(error):
    """A function that raises gives the smart text with a note; nothing reaches the program."""

    def fail(value):
        raise error("hunter2")

    assert text_by(fail, [1]) == f"[1] (serializer raised {error.__name__})"


def test_function_without_text():
    """A function must return a text."""
    assert text_by(lambda value: 5, [1]) == "[1] (serializer returned int)"


def test_unknown_serializer():
    """A serializer that is none is refused, with what it can be."""
    with pytest.raises(ConfigurationError, match=r"serializer must be \"smart\".*not 'xml'"):
        make_snapshot(serializer="xml")  # type: ignore[arg-type]
