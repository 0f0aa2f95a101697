"""The line of a function that is marked as the failing one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from obsv import monitor
from obsv.store.spans import failing_line
from obsv.testing import captured_spans

# A function from line 10 to 13.
SOURCE = "def f():\n    a()\n    b()\n    c()"
HEAD = "Traceback (most recent call last):\n"


def frame(line: int, path: str = "/app/x.py", name: str = "f") -> str:
    return f'  File "{path}", line {line}, in {name}\n    code()\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD + frame(11) + "ValueError\n", 11),
        (HEAD + frame(13) + "ValueError\n", 13),
        (HEAD + frame(10) + "ValueError\n", 10),
        # Called by others and calling others, in this file and in another that ends likewise.
        (HEAD + frame(3) + frame(12) + frame(40) + frame(11, "/app/app/x.py") + "ValueError\n", 12),
        (HEAD + frame(9) + frame(14) + "ValueError\n", None),
        # Through the function twice: where it passed last.
        (HEAD + frame(11) + frame(40) + frame(13) + "ValueError\n", 13),
        # The cause passed through it before.
        (f"{HEAD}{frame(11)}KeyError\n\nDuring handling …\n\n{HEAD}{frame(12)}ValueError\n", 12),
        ("ValueError: x", None),
        ("", None),
    ],
)
def test_line_of_a_traceback(text: str, line: int | None) -> None:
    """The last line within the function, of its own file, counted as the file counts."""
    assert failing_line(text, "/app/x.py", 10, SOURCE) == line


def test_relative_file() -> None:
    """A function of a relative path is found in a traceback, whose paths are absolute."""
    text = HEAD + frame(12, "/srv/pkg/x.py") + frame(13, "/srv/pkgx.py")
    assert failing_line(text, "pkg/x.py", 10, SOURCE) == 12
    assert failing_line(text, "x.py", 10, SOURCE) == 12


@pytest.mark.parametrize("missing", [(None, 10, SOURCE), ("/app/x.py", None, SOURCE), ("/app/x.py", 10, None)])
def test_nothing_known_of_the_function(missing: tuple[Any, Any, Any]) -> None:
    """Without its place or its text no line is marked."""
    assert failing_line(HEAD + frame(11), *missing) is None


def fails_late(value: int) -> int:
    result = 0
    for number in range(3):
        result += number
    return result // value  # here


def fails_below(value: int) -> int:
    numbers = [1, 2]
    return fails_late(value) + numbers[0]  # here


def fails_while_handling(value: int) -> int:
    try:
        return 1 // value
    except ZeroDivisionError:
        return {}["missing"]  # here


@pytest.mark.parametrize("function", [fails_late, fails_below, fails_while_handling])
def test_line_of_a_recorded_call(function: Callable[[int], int]) -> None:
    """As the program ran: from the recording to the line."""
    with captured_spans() as spans:
        with pytest.raises((ZeroDivisionError, KeyError)):
            monitor(function)(0)
        text = str((spans[-1].events[0].attributes or {})["exception.stacktrace"])
    lines, first = inspect.getsourcelines(function)
    expected = first + next(at for at, line in enumerate(lines) if line.endswith("# here\n"))
    assert failing_line(text, __file__, first, "".join(lines).rstrip()) == expected
