"""Those who compile functions get them without recording."""

import dis
import functools
import importlib.util
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import cloudpickle
import pytest
from programs import Programs
from source_modules import SourceModules

from obsv import monitor
from obsv.instrument.compilers import follow_compilers, unrecorded
from obsv.instrument.grafting.graft import IS_POSSIBLE
from obsv.instrument.importing.imports import RecordingFinder
from obsv.instrument.monitor import is_monitored
from obsv.instrument.targets import NamedModules
from obsv.trace.span import Span

NUMBA = """
def get_function_object(target):
    attribute = getattr(target, "__numba__", None)
    return getattr(target, attribute) if attribute else target
"""
# Where PyTorch's compiler reads the code of the frames that it compiles and of what they call.
DYNAMO = """
import dis
def _cached_cleaned_instructions(code, safe=False):
    return list(dis.get_instructions(code))
def cleaned_instructions(code, safe=False):
    return _cached_cleaned_instructions(code, safe)
"""
# Where JAX makes a compiled function, which it calls to trace it.
PJIT = """
def make_jit(fun, *, static=()):
    return lambda *args: fun(*args)
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


def _package(modules: SourceModules, name: str, source: str) -> ModuleType:
    parts = name.split(".")
    for end in range(1, len(parts)):
        modules.write("/".join([*parts[:end], "__init__"]), "")
    modules.write("/".join(parts), source)
    return modules.load(name)


def _adds() -> Callable[[int], int]:
    """A function whose code has all that a graft touches: names, constants, a handler, two returns."""

    @monitor
    def add(x: int) -> int:
        try:
            return x + len("abc")
        except ValueError:
            return sum([x, 4])

    return add


def _operations(code: CodeType) -> list[tuple[str, Any]]:
    return [(each.opname, each.argval) for each in dis.get_instructions(code)]


@pytest.mark.skipif(not IS_POSSIBLE, reason="the function is called by a wrapper, not changed")
@pytest.mark.parametrize("is_sent", [False, True])
def test_torch(modules: SourceModules, is_sent: bool) -> None:
    """It reads the code of a frame, not a function: also of one that was sent by value."""
    follow_compilers()
    dynamo = _package(modules, "torch._dynamo.bytecode_transformation", DYNAMO)
    add: Any = _adds()
    original = add.__obsv_original__.__code__
    if is_sent:
        add = pickle.loads(cloudpickle.dumps(add))
    assert is_monitored(add)
    read = [(each.opname, each.argval) for each in dynamo.cleaned_instructions(add.__code__)]
    assert read == _operations(original)
    # What it reads beside the instructions begins as the original's does.
    for name in ("co_consts", "co_names"):
        assert getattr(add.__code__, name)[: len(getattr(original, name))] == getattr(original, name)
    # What it makes of a code (the rest of a function, after what it cannot compile) is another one.
    rest = original.replace(co_consts=add.__code__.co_consts, co_name="rest")
    assert dynamo.cleaned_instructions(rest) == list(dis.get_instructions(rest))


@pytest.mark.skipif(not IS_POSSIBLE, reason="the function is called by a wrapper, not changed")
def test_torch_of_a_recorded_module(recorded: SourceModules) -> None:
    """Under `obsv run` the original code is that of the source."""
    recorded.write("user", USER)
    user = recorded.load("user")
    dynamo = _package(recorded, "torch._dynamo.bytecode_transformation", DYNAMO)
    assert is_monitored(user.triple)
    scope: dict[str, Any] = {}
    exec("\n\ndef triple(x): return 3 * x\n", scope)
    assert [each.opname for each in dynamo.cleaned_instructions(user.triple.__code__)] == [
        each.opname for each in dis.get_instructions(scope["triple"])
    ]


def test_jax(modules: SourceModules, spans: list[Span]) -> None:
    """Traced objects are not recorded as calls: a function, a method, a partial."""
    follow_compilers()
    pjit = _package(modules, "jax._src.pjit", PJIT)

    class Net:
        @monitor
        def apply(self, x: int) -> int:
            return x + 1

    add: Any = _adds()
    for function in (add, Net().apply, functools.partial(add, 1)):
        args = () if isinstance(function, functools.partial) else (1,)
        assert pjit.make_jit(function, static=())(*args) == function(*args)
    assert len(spans) == 3
    assert unrecorded(len) is len


REAL = {
    "numba": """
import numba
made = numba.njit(double)
""",
    "jax": """
import jax
made = jax.jit(double)
""",
    "torch": """
import torch
made = torch.compile(double, backend="eager", fullgraph=True)
""",
}
ALL_OF_THEM = """
{decorate}
def inner(x):
    return x + 1

{decorate}
def double(x):
    return 2 * x

{decorate}
def both(x):
    return double(x) + inner(x)

{compile}
print(int(made(4)), int(double(4)))
"""


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("decorate", ["from obsv import monitor\n@monitor", ""])
def test_the_real_ones(tmp_path: Path, name: str, decorate: str) -> None:
    """If they are installed, the compiled function is not recorded, but the function itself is."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    programs = Programs(tmp_path)
    programs.write("program.py", ALL_OF_THEM.format(decorate=decorate, compile=REAL[name]))
    outcome = (programs.plain if decorate else programs.recorded)("program.py")
    assert outcome.output == "8 8\n", outcome.errors
    assert programs.rows("process, status") == [("__main__.double", "OK")]
