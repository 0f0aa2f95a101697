"""Texts of values straight from their bytes: those that Python makes, or none."""

from __future__ import annotations

import marshal
import random
from typing import Any

import pytest
from random_values import RandomValues

from obsv.capture import Limits, Redactor, make_snapshot
from obsv.capture.frozen import CALL, FIELDS
from obsv.capture.secrets.secret_shapes import MARKS
from obsv.exporters.lean_rows import texts_of
from obsv.record import core
from obsv.trace.function import Function

USUAL = [
    *(
        5,
        -7,
        0,
        2**31,
        1_767_225_600_123_456_789,
        -(2**40),
        True,
        False,
        None,
        2.5,
        float("nan"),
        -0.0,
        1e300,
        0.1 + 0.2,
        "",
        "AAPL",
        "a b, c: d",
    ),
    *({"desk": "eq", "tags": ["a", "b"]}, [], {}, (), (1,), (1, 2.25), [{"n": [None]}], "x " * 490),
    *((..., "2024-05-06T07:08:09"), (..., FIELDS, "Order", {"id": 5, "at": (..., "now"), "+2 more": ...})),
    *((..., CALL, "deque", [[1, "x"]]), {0.30000000000000004: 1234567890.12345678}, "Ellipsis"),
]
LEFT = [
    "it's",
    'say "x"',
    "back\\slash",
    "line\n",
    "\x7f",
    "é",
    "𝄞",
    b"raw",
    1j,
    2**63,
    -(2**100),
    {"a": ...},
    ...,
    "x " * 500,
]
MARKED = [
    "A",
    "token",
    "Secret",
    "password",
    "://",
    "=",
    ":",
    "--",
    " '",
    ' "',
    "1234 5678",
    "9012-3456",
    "4111",
    ".",
    " ",
    "-",
    "_",
]


def python(function: Function, inputs: tuple[Any, ...], results: tuple[Any, ...] = ()) -> str:
    return f"[{','.join(texts_of(function, (*inputs, *results)))}]"


def function_of(redactor: Redactor, max_repr: int = 1_000) -> Function:
    return Function("m.f", "m", (), False, "return", lambda: None, None, max_repr, redactor)


def by_core(function: Function, inputs: tuple[Any, ...], *results: Any) -> str | None:
    texts = core.texts_by(function.redactor, function.max_repr)
    assert texts is not None
    return texts.of(marshal.dumps(inputs, 2), marshal.dumps(results[0], 2) if results else None)


def test_usual_values() -> None:
    """Plain values of every kind have the text that Python makes, with a result and without."""
    function = function_of(Redactor())
    for value in USUAL:
        assert by_core(function, (value, 1), value) == python(function, (value, 1), (value,))
        assert by_core(function, (value,)) == python(function, (value,))
    assert by_core(function, (), 5) == python(function, (), (5,))
    assert by_core(function, ()) == "[]"


@pytest.mark.parametrize("value", LEFT, ids=lambda value: repr(value)[:20])
def test_what_is_left_to_python(value: Any) -> None:
    """A value that needs an escape, is cut, or is of a rare kind is Python's, wherever it stands."""
    function = function_of(Redactor())
    for inputs in ((value,), (1, [value]), ({"a": (value,)},)):
        assert by_core(function, inputs) is None
    assert by_core(function, (), value) is None


@pytest.mark.parametrize("limit", [1_000, 60])
def test_random_values(limit: int) -> None:
    """Snapshots of random nested values are told as by Python, or not at all; many of them are."""
    function, snapshot = function_of(Redactor(), limit), make_snapshot(Limits(limit), Redactor())
    values, told = RandomValues(11), 0
    for _ in range(600):
        frozen = snapshot(values.value())
        text = by_core(function, (frozen,))
        assert text in (None, python(function, (frozen,)))
        told += text is not None
    assert told > 60


def test_secrets() -> None:
    """A text in which Python masks something is never told."""
    function = function_of(Redactor(("desk",)))
    assert by_core(function, ({"a": "desk=eq-5 and more"},)) is None
    random_, masked = random.Random(3), 0
    for _ in range(2_000):
        text = "".join(random_.choices([*MARKED, *MARKS, "abcdefgh", "12345678"], k=random_.randrange(1, 9)))
        for value in (text, {"name": text}, {text: "value1234"}, ["a", text], (..., text)):
            expected, found = python(function, (value,)), by_core(function, (value,))
            assert found in (None, expected), value
            masked += "***" in expected
    assert masked > 100


def test_shapes_of_secrets() -> None:
    """Every shape that is masked leaves the text to Python: cards, tokens, and each mark."""
    function = function_of(Redactor())
    for text in (
        "4111 1111 1111 1111",
        "1 4111 1111 1111 1111",
        4111111111111111,
        "4111111111111111",
        "x 4111-1111-1111-1111",
        "a1" * 8,
        *(f"a{mark}b12345" for mark in MARKS),
    ):
        assert by_core(function, (text,)) is None
        assert by_core(function, ([text],)) is None
    assert (
        by_core(function, (0.30000000000000004, {"x": 0.30000000000000004, "at": 1_767_225_600_123_456_789}))
        is not None
    )


SCHEMES = ("token", "Token", "apikey", "ApiKey", "negotiate", "NEGOTIATE", "BeArEr", "basic", "x")
NUMBERS = (
    "1234567890123",
    "1234567890123456",
    "12345678901234567890",
    "1.23456789012345678901",
    "1234-5678-9012-3456-7890",
    "9" * 40,
)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("redactor", [Redactor(), Redactor(defaults=False)], ids=["usual", "own"])
def test_numbers_as_tokens(scheme: str, redactor: Redactor) -> None:
    """A number behind the name of a scheme is masked as by Python, whatever stands between them."""
    function = function_of(redactor)
    for number in NUMBERS:
        for between in (" ", "  ", ", ", ": ", " (", " [", " -", ' "', "=", ""):
            text = f"{scheme}{between}{number}"
            for value in (text, [text, 5], {"n": text}, [f"a {text}", int("7" * 18)], (..., text), [scheme, number]):
                expected = python(function, (value,))
                assert by_core(function, (value,)) in (None, expected), value


def test_secrets_beside_a_number() -> None:
    """A long number has Python look for names in the whole text: so does the core."""
    function = function_of(Redactor())
    value = ["<password>hunter2</password>", 123_456_789_012_345_678]
    assert "hunter2" not in python(function, (value,))
    assert by_core(function, (value,)) is None


def test_names_in_encoded_texts() -> None:
    """A name within an encoded URL has neither a colon nor an equals sign."""
    function = function_of(Redactor())
    for value in ("%7B%22password%22%3A%22hunter2%22%7D", "%257B%2522token%2522%253A%2522hunter2%2522"):
        assert "hunter2" not in python(function, (value,))
        assert by_core(function, (value,)) is None


def test_hostile_bytes() -> None:
    """Bytes that nobody of ours wrote are left to Python, which refuses them; none is read beyond its end."""
    texts = core.texts_by(Redactor(), 1_000)
    assert texts is not None
    random_ = random.Random(17)
    seeds = [marshal.dumps((value, 1), 2) for value in USUAL] + [b"(\xff\xff\xff\x7f", b"[" * 50, b"{" * 90 + b"0" * 90]
    for _ in range(6_000):
        data = bytearray(random_.choice(seeds))
        for _change in range(random_.randrange(1, 4)):
            if data:
                data[random_.randrange(len(data))] = random_.choice(b"(){}[]NTF0.iulg\x00\x01\xff\x7f")
        text = texts.of(bytes(data[: random_.randrange(len(data) + 1)] if random_.random() < 0.3 else data), None)
        assert text is None or text.isascii()
    assert texts.of(b"(\x01\x00\x00\x00" * 40 + b"N", None) is None


def test_words_beyond_the_core() -> None:
    """Words that the core has no room for leave all texts to Python."""
    assert core.texts_by(Redactor(("q",)), 1_000) is None
    assert core.texts_by(Redactor(tuple(f"{chr(97 + n % 26)}{chr(97 + n // 26)}zz" for n in range(90))), 1_000) is None
