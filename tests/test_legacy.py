"""The older names of `monitor`."""

import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from obsv import legacy
from obsv.instrument.monitor import is_monitored
from obsv.testing import captured_spans
from obsv.trace.span import Span

NAMES = ["TraceTime", "TraceCpu", "TraceMemory", "TraceCloser"]


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as spans:
        yield spans


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["bare", "called", "settings"])
def test_records_a_call(spans: list[Span], name: str, form: str) -> None:
    """Each name, bare, called or with settings, records as `monitor` does."""
    decorator: Any = getattr(legacy, name)

    def f(x: int) -> int:
        return x

    with pytest.warns(DeprecationWarning, match=f"{name} is deprecated: use @monitor"):
        decorate = {"bare": decorator, "called": decorator(), "settings": decorator(process_group="old")}[form]
    assert _undisturbed(decorate)(f)(2) == 2
    assert [dict(span.input_values()) for span in spans] == [{"x": 2}]
    assert spans[0].function.process_group == ("old" if form == "settings" else __name__)


def _undisturbed(decorate: Any) -> Any:
    def decorated(function: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return decorate(function)

    return decorated


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("names", "cpu", "memory"),
    [
        (["TraceTime"], False, False),
        (["TraceCpu"], True, False),
        (["TraceMemory"], False, True),
        (["TraceCloser"], True, True),
        (["TraceTime", "TraceCpu", "TraceMemory"], True, True),
        (["TraceMemory", "TraceCpu", "TraceTime"], True, True),
    ],
)
def test_what_is_measured(spans: list[Span], names: list[str], cpu: bool, memory: bool) -> None:
    """A name adds its measurement; a stack of them is one call with all."""

    def f() -> None:
        return None

    for name in names:
        f = getattr(legacy, name)(f)
    f()
    [span] = spans
    assert (_detail(span, "cpu_ns") is not None, _detail(span, "memory_bytes") is not None) == (cpu, memory)


def _detail(span: Span, name: str) -> Any:
    return None if span.details is None else getattr(span.details, name)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_signature_and_mark() -> None:
    """A decorated function keeps its signature and counts as monitored."""

    @legacy.TraceTime
    def f(x: int, *, y: str = "") -> int:
        return x

    assert str(inspect.signature(f)) == "(x: int, *, y: str = '') -> int"
    assert is_monitored(f)


def test_migration_table_names_all() -> None:
    """docs/migration.md has a row for each name, with what its warning says."""
    table = (Path(__file__).parent.parent / "docs" / "migration.md").read_text()
    for name in NAMES:
        with pytest.warns(DeprecationWarning, match=name) as caught:
            getattr(legacy, name)()
        instead = str(caught[0].message).partition("use ")[2].partition(" instead")[0]
        assert f"| `@{name}` | `{instead}` |" in table
