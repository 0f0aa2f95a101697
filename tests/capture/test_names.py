"""Words of names, and names of classes."""

from __future__ import annotations

import pytest

from obsv.capture.names import class_name, module_name, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("snake_case", ["snake", "case"]),
        ("camelCase", ["camel", "case"]),
        ("HTTPServer", ["http", "server"]),
        ("kebab-case.dotted", ["kebab", "case", "dotted"]),
        ("SCREAMING_CASE", ["screaming", "case"]),
        ("apiKey2", ["api", "key", "2"]),
        ("userID", ["user", "id"]),
        ("пароль_x", ["пароль", "x"]),
        ("", []),
    ],
)
def test_words(name, expected):
    """A name is split where its style splits it."""
    assert words(name) == expected


def test_class_name():
    """A class within a function or a class is named without what is around the function."""

    class Outer:
        class Inner:
            pass

    assert class_name(Outer.Inner) == "Outer.Inner"
    assert class_name(int) == "int"
    assert len(class_name(type("x" * 1_000, (), {}))) == 100


def test_module_name():
    """A module's name is text, or nothing."""
    assert module_name(int) == "builtins"
    assert module_name(type("Odd", (), {"__module__": 5})) == ""
