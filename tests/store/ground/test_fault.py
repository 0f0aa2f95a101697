"""The text of an exception, read."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

import pytest

from obsv.store.ground.fault import Fault, is_library, read_fault


def fault_of(function: Callable[[], object]) -> Fault:
    """Return the parsed text of the exception that leaves a function."""
    try:
        function()
    except BaseException as error:
        frames = error.__traceback__ and error.__traceback__.tb_next
        return read_fault("".join(traceback.format_exception(type(error), error, frames)))
    raise AssertionError("nothing was raised")


def breaks() -> None:
    """Raise."""
    raise ValueError("no price: 1\nsecond line")


def passes() -> None:
    """Let it pass."""
    breaks()


def replaces() -> None:
    """Raise another from it."""
    try:
        passes()
    except ValueError as error:
        raise RuntimeError("order failed") from error


def test_type_message_and_frames_are_read() -> None:
    """The outermost frame comes first, each with its source line."""
    fault = fault_of(passes)
    assert (fault.type, fault.message, fault.cause) == ("ValueError", "no price: 1", "")
    assert [(frame.function, frame.text) for frame in fault.frames] == [
        ("passes", "breaks()"),
        ("breaks", 'raise ValueError("no price: 1\\nsecond line")'),
    ]


def test_direct_cause_is_known_and_context_is_none() -> None:
    """Only `raise … from` says what an error was caused by."""
    assert fault_of(replaces).cause == "ValueError"

    def during() -> None:
        try:
            breaks()
        except ValueError:
            raise RuntimeError("meanwhile")  # noqa: B904

    assert fault_of(during).cause == ""


def test_caller_knows_the_marks_of_what_it_passes_on() -> None:
    """The frames of a call's exception end with those of the call below, also where another was raised from it."""
    below, above, other = fault_of(breaks), fault_of(passes), fault_of(replaces)
    assert below.mark in above.below
    assert below.mark in other.below
    assert above.mark in other.below
    assert above.mark not in below.below
    assert below.mark not in below.below


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs exception groups")
def test_members_of_a_group_are_known() -> None:
    """Whoever raises a group passes on what its members began with."""

    def both() -> None:
        found: list[Exception] = []
        for each in (breaks, passes):
            try:
                each()
            except ValueError as error:
                found.append(error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))
        raise ExceptionGroup("two", found)  # type: ignore[name-defined]  # noqa: F821

    group = fault_of(both)
    assert group.type == "ExceptionGroup"
    assert [frame.function for frame in group.frames] == ["both"]
    assert {fault_of(breaks).mark, fault_of(passes).mark} <= group.below


def test_other_languages_have_a_stack() -> None:
    """Frames of Java and JavaScript are lines without numbers, those of their libraries left out."""
    java = read_fault(
        "shop.NoPrice: for 42\n\tat shop.Order.total(Order.java:12)\n\tat java.base/java.util.List.of(List.java:1)\n"
        "Caused by: java.io.IOException: gone\n\tat shop.Net.get(Net.java:7)"
    )
    assert (java.type, java.cause) == ("shop.NoPrice", "java.io.IOException")
    assert java.stack == ["shop.Order.total(Order.java)", "shop.Net.get(Net.java)"]
    script = read_fault("TypeError: x\n    at total (/app/order.js:3:9)\n    at node:internal/main:1:1")
    assert script.stack == ["total (/app/order.js)"]


@pytest.mark.parametrize(
    "text", ["", "\n", "Traceback (most recent call last):", "gone", "  File x", "a\n\n\nb", "💥: x"]
)
def test_anything_may_stand_there(text: str) -> None:
    """Text that is not a traceback has no frames."""
    assert read_fault(text).frames == []


def test_files_of_the_interpreter_and_of_packages_are_no_part_of_the_program() -> None:
    """Whatever system they are on."""
    for path in (
        "/usr/lib/python3.11/json/decoder.py",
        "/app/.venv/lib/python3.11/site-packages/x.py",
        "/usr/lib/python3/dist-packages/y.py",
        "C:\\Python311\\Lib\\site-packages\\x.py",
        "<frozen importlib._bootstrap>",
        "<string>",
    ):
        assert is_library(path), path
    for path in ("/app/shop/orders.py", "<stdin>", "/home/u/python3.11/x.py", "/srv/library/lib.py"):
        assert not is_library(path), path
