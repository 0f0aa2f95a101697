"""The exception in the text of a failure."""

import traceback

import pytest

from obsv.store.ground.exceptions import headline, raised, raised_line


def caught(raise_it: str, **names: object) -> str:
    """The traceback that Python prints for a statement."""
    try:
        exec(raise_it, dict(names))
    except BaseException as error:
        return "".join(traceback.format_exception(error))
    raise AssertionError("nothing was raised")


def test_one_line() -> None:
    """The last line of an ordinary traceback."""
    assert headline(caught("raise ValueError('no price')")) == ("ValueError", "no price")
    assert headline(caught("raise KeyError")) == ("KeyError", "")


def test_a_message_of_several_lines() -> None:
    """It begins with the type: the last line, a hint and a link in many libraries, says nothing."""
    text = caught(r"raise ValueError('2 errors for Order\n  price\n    missing\nSee https://example.org/missing')")
    assert raised_line(text) == "ValueError: 2 errors for Order"
    assert raised(text).endswith("\nSee https://example.org/missing")
    assert headline(text) == ("ValueError", "2 errors for Order\n  price\n    missing\nSee https://example.org/missing")


def test_a_chain_ends_with_the_last() -> None:
    """The result is the exception that left the call, not its cause."""
    text = caught("try:\n  1 / 0\nexcept ZeroDivisionError as error:\n  raise RuntimeError('later') from error")
    assert raised(text) == "RuntimeError: later"


def test_a_message_that_quotes_a_traceback() -> None:
    """The exception is the one that quotes another, alone and at the end of a chain."""
    quoting = "raise RuntimeError(f'the worker failed:\\n{told}')"
    told = caught("raise ValueError('no price')")
    assert raised_line(caught(quoting, told=told)) == "RuntimeError: the worker failed:"
    chain = caught(f"try:\n  1 / 0\nexcept ZeroDivisionError as error:\n  {quoting} from error", told=told)
    assert headline(chain)[0] == "RuntimeError"


def test_a_broken_source() -> None:
    """The lines that show where it is broken are no message."""
    assert raised_line(caught("exec('a b')")).startswith("SyntaxError: ")


GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/srv/shop/jobs.py", line 7, in run
  |     raise ExceptionGroup("two jobs failed", errors)
  | ExceptionGroup: two jobs failed (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/jobs.py", line 3, in job
    |     raise ValueError("a")
    | ValueError: a
    +---------------- 2 ----------------
    | KeyError: 'b'
    +------------------------------------
"""
CUT = """\
Traceback (most recent call last):
  File "/srv/shop/deep.py", line 3, in f
… 12,345 characters left out …
ne 3, in f
    f(n - 1)
RecursionError: maximum recursion depth exceeded
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GROUP, "ExceptionGroup: two jobs failed (2 sub-exceptions)"),
        (CUT, "RecursionError: maximum recursion depth exceeded"),
        ("java.lang.Error: no book\n\tat shop.Book.match(Book.java:7)\n", "java.lang.Error: no book"),
        ("ValueError: no price", "ValueError: no price"),
        ("", ""),
    ],
)  # fmt: skip
def test_other_texts(text: str, line: str) -> None:
    """Groups, texts whose middle is left out, other languages, what is no traceback."""
    assert raised_line(text) == line
