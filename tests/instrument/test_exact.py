"""The inputs of failing calls that their recorded values do not tell."""

from __future__ import annotations

import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from obsv import monitor
from obsv.capture import render
from obsv.instrument import exact
from obsv.trace.span import Span

FRAMES = """
import sys
import numpy, obsv, pandas

@obsv.monitor
def f(value):
    return 1 / 0

obsv.configure(db=sys.argv[1], writer="thread")
for value in (
    pandas.DataFrame({"user": ["bob"], "password": ["hunter2"]}),
    pandas.DataFrame({"x": ["bob", "hunter2"]}, index=["user", "password"]),
    pandas.DataFrame({"x": [1]}, index=pandas.Index(["hunter2"], name="password")),
    pandas.Series(["hunter2"], name="password"),
    pandas.Series({"password": "hunter2"}),
    numpy.array([("bob", "hunter2")], [("user", "U9"), ("password", "U9")]),
):
    try:
        f(value)
    except ZeroDivisionError:
        pass
obsv.shutdown()
"""


def kept(span: Span) -> dict[str, str]:
    inputs = span.details.inputs if span.details is not None else None
    return {name: render(value, 20_000) for name, value in inputs or ()}


def failed(spans: list[Span], function: Any, *args: Any, **keywords: Any) -> dict[str, str]:
    with pytest.raises(ZeroDivisionError):
        function(*args, **keywords)
    return kept(spans[-1])


def test_a_long_value_is_kept_whole(spans: list[Span]) -> None:
    """Beyond the limits of a display."""

    @monitor
    def f(numbers: list[int], text: str) -> float:
        return 1 / 0

    found = failed(spans, f, list(range(100)), "x" * 5_000)
    assert found == {"numbers": str(list(range(100))), "text": repr("x" * 5_000)}


def test_a_value_that_is_recorded_whole_is_not_kept_twice(spans: list[Span]) -> None:
    """Most failing calls need nothing."""

    @monitor
    def f(a: int, b: dict[str, Any], c: str) -> float:
        return 1 / 0

    assert failed(spans, f, 1, {"a": [1, None]}, "x") == {}


def test_a_value_is_kept_as_what_it_is(spans: list[Span]) -> None:
    """Its text alone could be that of a float."""

    @monitor
    def f(a: Decimal) -> float:
        return 1 / 0

    assert failed(spans, f, Decimal("1.5")) == {"a": "Decimal('1.5')"}


def test_a_parameter_that_was_bound_again_or_changed_is_left_out(spans: list[Span]) -> None:
    """It is not what was passed any more."""

    @monitor
    def bound(numbers: list[int]) -> float:
        numbers = numbers[50:]
        return 1 / 0

    @monitor
    def changed(numbers: list[int]) -> float:
        numbers.insert(0, 9)
        return 1 / 0

    assert failed(spans, bound, list(range(100))) == {}
    assert failed(spans, changed, list(range(100))) == {}


def test_the_receiver_is_kept_by_its_attributes(spans: list[Span]) -> None:
    """With secrets masked, and what cannot be written by its name."""

    class Client:
        def __init__(self) -> None:
            self.password, self.tries, self.lock = "hunter2", 3, threading.Lock()

        @monitor
        def f(self) -> float:
            return 1 / 0

    (text,) = failed(spans, Client().f).values()
    assert text.startswith("Client(password=***, tries=3, lock=<lock at 0x")


def test_a_class_with_a_repr_of_its_own_stays_closed(spans: list[Span]) -> None:
    """It may leave out something on purpose."""

    class Hidden:
        def __init__(self) -> None:
            self.content = "private"

        def __repr__(self) -> str:
            return "Hidden()"

    @monitor
    def f(value: Hidden) -> float:
        return 1 / 0

    assert "private" not in failed(spans, f, Hidden())["value"]


@pytest.mark.parametrize("capture", ["off", {"args": False}])
def test_nothing_is_kept_where_arguments_are_not_recorded(spans: list[Span], capture: Any) -> None:
    """Whatever they are."""

    @monitor(capture=capture)
    def f(text: str) -> float:
        return 1 / 0

    assert failed(spans, f, "x" * 5_000) == {}


def test_all_inputs_of_a_call_share_one_bound(spans: list[Span]) -> None:
    """A record holds them all."""

    @monitor
    def f(**texts: str) -> float:
        return 1 / 0

    @monitor
    def g(a: str, b: str, c: str) -> float:
        return 1 / 0

    found = failed(spans, g, "x" * 15_000, "y" * 15_000, "z" * 15_000)
    assert sum(map(len, found.values())) < 45_000
    assert "15,000 characters" in found["c"]
    assert failed(spans, f, a="x" * 15_000) == {}


def test_a_storm_of_failures_keeps_some(spans: list[Span]) -> None:
    """A few of one function in a second."""

    @monitor
    def f(text: str) -> float:
        return 1 / 0

    found = [failed(spans, f, "x" * 5_000) for _ in range(exact.MOST_PER_SECOND * 2)]
    assert found[0]
    assert not all(found)


def test_secrets_in_frames_stay_out_of_the_database(tmp_path: Path) -> None:
    """Nothing of a value under the name of a secret is in any of its files; what stands beside it is."""
    db = tmp_path / "obsv.db"
    subprocess.run([sys.executable, "-c", FRAMES, str(db)], check=True, timeout=120)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"DataFrame(rows=1, columns=['user', 'password']" in stored
    assert b"bob" in stored
    assert b"hunter2" not in stored
