"""A call in one line: its inputs, and what came of it."""

from __future__ import annotations

from typing import NamedTuple

from obsv.analysis.markdown import one_line
from obsv.store.ground import headline
from obsv.store.spans import ListedCall

# Characters of one value, and of the line: what a list has room for.
MOST_OF_VALUE, MOST_OF_LINE = 60, 160
_CUT = "…"


class Brief(NamedTuple):
    """A call in short.

    Attributes:
        inputs: `name=value, name=value`, shortened.
        outcome: its result, or its exception; empty if there is neither.
    """

    inputs: str
    outcome: str


def brief(call: ListedCall) -> Brief:
    """Return a call in short: each value shortened, the exception's type and message where it failed."""
    inputs = ", ".join(
        f"{_short(value.name)}={_short(value.text)}" for value in call.values if value.data_type == "INPUT"
    )
    if call.exception:
        kind, message = headline(call.exception)
        return Brief(_line(inputs), _line(one_line(f"{kind}: {message}" if message else kind)))
    return Brief(_line(inputs), _line(_result(call)))


def _result(call: ListedCall) -> str:
    """Return the return value, or what else came out, by name."""
    outputs = [value for value in call.values if value.data_type == "OUTPUT"]
    returned = next((_short(value.text) for value in outputs if value.name == "return"), None)
    return returned or ", ".join(f"{_short(value.name)}={_short(value.text)}" for value in outputs)


def _short(text: str) -> str:
    # Only the beginning is made one line: a value may have megabytes.
    shown = one_line(text[: MOST_OF_VALUE + 1])
    return shown if len(text) <= MOST_OF_VALUE else shown[: MOST_OF_VALUE - 1] + _CUT


def _line(text: str) -> str:
    return text if len(text) <= MOST_OF_LINE else text[: MOST_OF_LINE - 1] + _CUT
