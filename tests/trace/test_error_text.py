"""The text of a frozen exception reads as Python's own."""

from __future__ import annotations

import builtins
import linecache
import marshal
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obsv.capture.error import freeze
from obsv.trace.error_text import render

GROUP: Any = getattr(builtins, "ExceptionGroup", None)
needs_groups = pytest.mark.skipif(GROUP is None, reason="exception groups came with 3.11")


def caught(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def text_of(error: BaseException, at_ns: int | None = None) -> str:
    return render(marshal.loads(marshal.dumps(freeze(error, error.__traceback__))), at_ns)


def pythons(error: BaseException) -> str:
    text = "".join(traceback.TracebackException.from_exception(error, compact=True).format())
    return text.replace("\0", "\ufffd")


def fail(value: object = 7) -> None:
    raise ValueError(f"bad value {value}")


def nested(depth: int) -> None:
    if depth:
        nested(depth - 1)
    fail(depth)


def with_cause() -> None:
    try:
        fail()
    except ValueError as error:
        raise RuntimeError("wrapped") from error


def with_context() -> None:
    try:
        fail()
    except ValueError:
        {}["missing"]


def without_context() -> None:
    try:
        fail()
    except ValueError:
        raise KeyError("x") from None


def in_a_ring() -> None:
    first, second = ValueError(1), ValueError(2)
    first.__cause__, second.__cause__ = second, first
    raise first


def through_a_long_line() -> None:
    values = {"a": [1, 2, 3]}
    _ = values["a"][0] + values["a"][1] / (
        values["a"][2]
        - 3
    )  # fmt: skip


def with_wide_characters() -> None:
    größe = {"ä": None}
    größe["ä"]["日本"]  # type: ignore[index]


def without_source() -> None:
    exec("def f():\n    raise ValueError('in text')\nf()", {})


def of_bad_syntax() -> None:
    compile("a = (1,\nb = 2 3\n", "some.py", "exec")


def of_bad_indent() -> None:
    compile("def f():\n\treturn 1\n        x = 1\n", "some.py", "exec")


def with_many_lines() -> None:
    raise ValueError("one\n  two\n\nthree\n")


def with_notes() -> None:
    error = ValueError("x")
    error.__notes__ = ["one", "two\nlines"]
    raise error


def recursing() -> None:
    recursing()


@pytest.mark.parametrize(
    "function",
    [
        *(fail, with_cause, with_context, without_context, in_a_ring, through_a_long_line, with_wide_characters),
        *(without_source, of_bad_syntax, of_bad_indent, with_many_lines, recursing),
        pytest.param(with_notes, marks=needs_groups),
        *(lambda: nested(1), lambda: nested(2), lambda: nested(3), lambda: nested(30)),
        *(lambda: int("x"), lambda: os.stat("/no/such/file"), lambda: b"\xff".decode()),
    ],
)
def test_reads_as_pythons_own(function: Callable[[], object]) -> None:
    """Frames with their lines and marks, repeated lines, chains, notes and places of bad syntax are Python's."""
    error = caught(function)
    assert text_of(error) == pythons(error)


FIELDS = ("msg", "filename", "lineno", "text", "offset", "end_lineno", "end_offset")
ODD = st.one_of(st.text(max_size=5), st.integers(), st.floats(), st.none(), st.binary(max_size=3), st.builds(object))


@given(st.lists(ODD, min_size=len(FIELDS), max_size=len(FIELDS)))
@settings(max_examples=50)
def test_a_syntax_error_with_attributes_of_any_type(values: list[object]) -> None:
    """It has a text, whatever is in them: nothing may keep a failing call from being stored."""
    error = SyntaxError("bad")
    for name, value in zip(FIELDS, values, strict=True):
        setattr(error, name, value)
    text = text_of(error)
    assert "SyntaxError: " in text
    assert "cannot be shown" not in text


def test_a_traceback_that_cannot_be_formatted() -> None:
    """The class and the message are there all the same."""
    odd: Any = ("some.Error", "no luck", [("a file", "no number")], None)
    assert render(odd) == "some.Error: no luck\n[Its places and causes cannot be shown: IndexError]\n"


ARGUMENTS = st.lists(st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.none(), st.booleans()), max_size=3)
ERRORS = st.builds(
    lambda kind, arguments: kind(*arguments),
    st.sampled_from([ValueError, KeyError, OSError, RuntimeError, ImportError, StopIteration, KeyboardInterrupt]),
    ARGUMENTS,
)


def tied(errors: list[BaseException], ties: list[int]) -> BaseException:
    """The last of exceptions that come from each other in some way."""
    for error, before, tie in zip(errors[1:], errors, ties, strict=False):
        if tie == 1:
            error.__cause__ = before
        if tie in (2, 3):
            error.__context__ = before
        if tie == 3:
            error.__suppress_context__ = True
    return errors[-1]


CHAINS = st.builds(tied, st.lists(ERRORS, min_size=1, max_size=6), st.lists(st.integers(0, 3), max_size=6))


@given(CHAINS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_chain_reads_as_pythons_own(error: BaseException) -> None:
    """Whatever the arguments of built-in exceptions, and however they come from each other."""
    assert text_of(error) == pythons(error)


@needs_groups
@given(
    st.recursive(
        CHAINS.filter(lambda error: isinstance(error, Exception)),
        lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda members: GROUP("group", members)),
        max_leaves=8,
    )
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_group_reads_as_pythons_own(error: BaseException) -> None:
    """Groups within groups and chains have Python's margins."""
    assert text_of(error) == pythons(error)


def test_what_comes_after_a_nul_is_text_too() -> None:
    """SQLite, which searches it, would end it there."""
    assert render(("some.Error", "before\0after", (), {})).endswith("before\ufffdafter\n")


@needs_groups
def test_a_wide_group_reads_as_pythons_own() -> None:
    """Fifteen members are shown, and how many more there are."""
    error = GROUP("many", [ValueError(number) for number in range(10_000)])
    assert text_of(error) == pythons(error)


def test_long_chain_keeps_both_ends() -> None:
    """The raised exception and the origin are kept, with the number of exceptions between."""
    error: BaseException | None = None
    for number in range(3_000):
        following = ValueError(f"link {number}.")
        following.__cause__ = error
        error = following
    assert error is not None
    text = text_of(error)
    assert text.startswith("ValueError: link 0.\n")
    assert text.endswith("ValueError: link 2999.\n")
    assert "[2,989 exceptions of the chain left out]" in text


def grown(rounds: int) -> BaseException:
    """A chain by causes and contexts in turn, as a loop makes it that raises again and again."""
    error: BaseException | None = None
    for number in range(rounds):
        try:
            try:
                raise ValueError(number) from error
            except ValueError as inner:
                raise RuntimeError(number) from inner
        except RuntimeError as outer:
            error = outer
    assert error is not None
    return error


def test_chain_that_grew_keeps_both_ends() -> None:
    """The same where links are tied in different ways."""
    text = text_of(grown(200))
    assert "ValueError: 0\n" in text
    assert text.endswith("RuntimeError: 199\n")
    assert "[389 exceptions of the chain left out]" in text


def test_chain_too_long_to_count() -> None:
    """Of a chain without an end in sight the text says how much was seen."""
    error: BaseException | None = None
    for number in range(10_000):
        following = ValueError(number)
        following.__cause__ = error
        error = following
    assert error is not None
    text = text_of(error)
    assert text.startswith("[at least 3,")
    assert text.endswith("ValueError: 9999\n")


def test_deep_traceback_keeps_both_ends() -> None:
    """The start of the call and the failing place are kept, with the number of frames between."""

    def descend(depth: int) -> None:
        if depth == 0:
            fail()
        descend(depth - 1)

    text = text_of(caught(lambda: descend(600)))
    assert "in <lambda>" in text
    assert "[Previous line repeated 597 more times]" in text
    assert ", in fail\n" in text
    assert text.endswith("ValueError: bad value 7\n")


def test_frames_between_are_counted() -> None:
    """Two functions that call each other leave more places than are kept."""

    def one(depth: int) -> None:
        other(depth - 1)

    def other(depth: int) -> None:
        one(depth) if depth else fail()

    error = caught(lambda: one(150))
    frames = len(list(traceback.walk_tb(error.__traceback__)))
    text = text_of(error)
    assert f"  [{frames - 100} frames left out]\n" in text
    assert text.endswith(pythons(error)[-1_000:])


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "module.py"
    path.write_text("def f():\n    raise ValueError('x')\n")
    yield path
    linecache.clearcache()


def failing(path: Path) -> BaseException:
    namespace: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    return caught(namespace["f"])


def test_source_that_changed_since_is_not_shown(module: Path) -> None:
    """A line of a file that was changed after the failure may be another one: the text says so instead."""
    error = failing(module)
    changed = module.stat().st_mtime_ns
    assert "    raise ValueError('x')\n" in text_of(error, changed)
    text = text_of(error, changed - 1)
    assert f'File "{module}", line 2, in f\n    [the file has changed since]\n' in text
    module.write_text("# shorter\n")
    assert f'File "{module}", line 2, in f\n    [the file has changed since]\n' in text_of(error)


def test_source_that_is_missing_is_named(module: Path) -> None:
    """Of a file that is not there the place is told, and that there is no source."""
    error = failing(module)
    module.unlink()
    assert f'File "{module}", line 2, in f\n    [no source file]\n' in text_of(error)


def test_source_of_a_notebooks_cell_is_kept() -> None:
    """A cell is no file: its line comes from the process that ran it."""
    source = "def f():\n    return 1 / 0\n"
    linecache.cache["<cell 1>"] = (len(source), None, source.splitlines(keepends=True), "<cell 1>")
    try:
        namespace: dict[str, Any] = {}
        exec(compile(source, "<cell 1>", "exec"), namespace)
        error = caught(namespace["f"])
        frozen = freeze(error, error.__traceback__)
        expected = pythons(error)
    finally:
        del linecache.cache["<cell 1>"]
    assert render(frozen) == expected


def test_device_is_not_read() -> None:
    """A code object may name any file; one that never ends is not opened."""
    namespace: dict[str, Any] = {}
    exec(compile("def f():\n    1 / 0", "/dev/zero", "exec"), namespace)
    assert '  File "/dev/zero", line 2, in f\n    [no source file]\n' in text_of(caught(namespace["f"]))


def test_relative_files_are_found_elsewhere(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text may be made in another directory: places are absolute."""
    monkeypatch.chdir(module.parent)
    namespace: dict[str, Any] = {}
    exec(compile(module.read_text(), module.name, "exec"), namespace)
    error = caught(namespace["f"])
    frozen = freeze(error, error.__traceback__)
    monkeypatch.chdir(os.sep)
    assert f'  File "{module}", line 2, in f\n    raise ValueError' in render(frozen)


def test_what_is_missing_is_said() -> None:
    """An exception of which nothing could be read has a text all the same."""
    assert render(("a.B", "", (), {"missing": ["its message could not be read"]})) == (
        "a.B\n[its message could not be read]\n"
    )


def test_long_text_is_cut_in_the_middle() -> None:
    """A text has at most about 100,000 characters."""
    frozen = ("E", "x", tuple(("<f>", n, n, None, None, "f" * 1_000, None) for n in range(200)), None)
    text = render(frozen)
    assert len(text) < 100_100
    assert " characters left out …" in text
    assert text.endswith("E: x\n")
