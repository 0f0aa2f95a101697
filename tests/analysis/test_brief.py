"""A call in one line."""

from obsv.analysis.brief import MOST_OF_LINE, MOST_OF_VALUE, brief
from obsv.store.spans import ListedCall, Value


def of(*values: tuple[str, str, object], exception: str | None = None) -> tuple[str, str]:
    given = tuple(Value(*each) for each in values)
    status = "ERR" if exception else "OK"
    return brief(ListedCall(1, "", 0, 1, "shop.quote", "shop", "shop", status, exception, "", "", given))


def test_inputs_and_the_result_by_name() -> None:
    """A result that is returned needs no name; what else came out does."""
    ins = ("symbol", "INPUT", "'ACME'"), ("amount", "INPUT", "5")
    assert of(*ins, ("return", "OUTPUT", "12.5")) == ("symbol='ACME', amount=5", "12.5")
    assert of(("rate", "OUTPUT", "2"), ("code", "OUTPUT", 404)) == ("", "rate=2, code=404")
    assert of(("local", "OUTPUT", "2"), ("return", "OUTPUT", "3")) == ("", "3")


def test_a_failed_call_shows_its_exception() -> None:
    """Type and message of the one that left it; a message may be missing."""
    text = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no price\n'
    assert of(("a", "INPUT", "1"), exception=text) == ("a=1", "ValueError: no price")
    assert of(exception="KeyError\n") == ("", "KeyError")


def test_long_values_and_long_lists_are_cut_and_say_so() -> None:
    """Also a megabyte, a name as long as a novel, and text in several lines."""
    inputs, outcome = of(("x" * 500, "INPUT", "y" * 1_000_000), ("return", "OUTPUT", "one\ntwo"))
    assert inputs == f"{'x' * (MOST_OF_VALUE - 1)}…={'y' * (MOST_OF_VALUE - 1)}…"
    assert outcome == "one⏎two"
    inputs, _ = of(*((f"argument{at}", "INPUT", "value") for at in range(100)))
    assert len(inputs) == MOST_OF_LINE
    assert inputs.endswith("…")


def test_control_characters_are_visible() -> None:
    """Nothing that a terminal or a screen reader would act on."""
    assert "\x1b" not in "".join(of(("a\x1b[31m", "INPUT", "\x1b]0;title\x07"), exception="E\x1b: \x1b[0m"))
