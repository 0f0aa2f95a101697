"""Of what form a recorded value is: none, a number, text, empty, …; what is new of a variable is told by it."""

from __future__ import annotations

import json
import re
from typing import Any

# Of a variable with no more values than this each value is a form of its own: a region, a limit.
MOST_VALUES = 12
MANY = "many"
VALUE = "= "
_LONGEST_VALUE, _LONGEST_NAME = 40, 60
_WORDS = {
    "None": "None",
    "null": "None",
    "True": "a truth value",
    "False": "a truth value",
    "true": "a truth value",
    "false": "a truth value",
    "nan": "nan",
    "": "empty",
}
_EMPTY = frozenset(("''", '""', "b''", "[]", "()", "{}", "set()", "frozenset()"))
_NUMBER = re.compile(r"([-+]?)(\d+)(\.\d*)?(e[-+]?\d+)?j?", re.IGNORECASE)
_OPENS = {"[": "a list", "(": "a tuple", "{": "a dict or set", "'": "text", '"': "text"}
_CLASS = re.compile(r"<?([A-Za-z_][\w.]*)[ (]")


def form_of(value: Any) -> str:
    """The form of a value as the store has it: text as `repr` has it, or what JSON knows."""
    if value is None:
        return "None"
    if isinstance(value, bool):
        return "a truth value"
    text = value if isinstance(value, str) else str(value)
    if (word := _WORDS.get(text)) is not None:
        return word
    if text in _EMPTY:
        return "empty"
    if number := _NUMBER.fullmatch(text):
        if not float(number[2]) and not (number[3] or "").strip(".0"):
            return "0"
        kind = "number" if number[3] or number[4] else "whole number"
        return f"a negative {kind}" if number[1] == "-" else f"a {kind}"
    if opened := _OPENS.get(text[0]):
        return opened
    if named := _CLASS.match(text):
        return f"{named[1][:_LONGEST_NAME]}(…)" if "(" in named[0] else named[1][:_LONGEST_NAME]
    return "other"


def value_form(value: Any) -> str | None:
    """The form that is the value itself; None where it is too long for that."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{VALUE}{text}" if len(text) <= _LONGEST_VALUE else None
