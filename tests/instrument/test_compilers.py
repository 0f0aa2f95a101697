"""Those who compile functions get them without recording."""

import sys
from collections.abc import Iterator

import pytest
from source_modules import SourceModules

from obsv.instrument.imports import RecordingFinder
from obsv.instrument.targets import NamedModules
from obsv.trace.span import Span

NUMBA = """
def get_function_object(target):
    attribute = getattr(target, "__numba__", None)
    return getattr(target, attribute) if attribute else target
"""
USER = """
import functools
def triple(x): return 3 * x
@functools.wraps(triple)
def other(x): return x
"""


@pytest.fixture
def recorded(modules: SourceModules) -> Iterator[SourceModules]:
    finder = RecordingFinder(NamedModules(["user"]))
    finder.install()
    yield modules
    finder.uninstall()


@pytest.mark.parametrize("is_first", [True, False])
def test_numba(recorded: SourceModules, spans: list[Span], is_first: bool) -> None:
    """It reads code by one function, whether it is imported before what it compiles or after."""
    for package in ("numba/__init__", "numba/core/__init__"):
        recorded.write(package, "")
    recorded.write("numba/core/bytecode", NUMBA)
    recorded.write("user", USER)
    for name in sorted(("numba.core.bytecode", "user"), reverse=not is_first):
        recorded.load(name)
    user, numba = sys.modules["user"], sys.modules["numba.core.bytecode"]
    original = numba.get_function_object(user.triple)
    assert original is numba.get_function_object(user.triple)
    assert (original(2), original.__name__, original.__code__.co_names) == (6, "triple", ())
    assert spans == []
    assert numba.get_function_object(user.other)(2) == 2
    assert numba.get_function_object(len) is len
    assert user.triple(2) == 6
    assert [span.name for span in spans] == ["user.triple"]
