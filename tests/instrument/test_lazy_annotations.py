"""Annotations that are evaluated lazily (3.14) stay as the original's, in every format of `annotationlib`."""

from __future__ import annotations

import functools
import inspect
import re
import subprocess
import sys
import textwrap
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from obsv.instrument.monitor import monitor

if sys.version_info >= (3, 14):
    import annotationlib

    FORMATS = [format for format in annotationlib.Format if format.name != "VALUE_WITH_FAKE_GLOBALS"]
else:
    pytest.skip("annotations are evaluated lazily from 3.14 on", allow_module_level=True)

# Everything is decorated by `record` while neither Order nor Later is there; `Missing` never is.
SOURCE = """
@record
def function(order: Order, *args: Order, size: Later[int] = 1, **more: Missing) -> Order | None:
    return order

@record
async def coroutine(order: Order) -> Missing:
    return order

@record
def generator(order: Order) -> Later[Order]:
    yield order

@record
async def agenerator(order: Order) -> Later[Order]:
    yield order

class Plain:
    Inner = int

    @record
    def method(self, order: Inner, other: Order) -> Plain: ...

    @staticmethod
    @record
    def static(order: Order) -> Missing: ...

    @classmethod
    @record
    def of_class(cls, order: Order) -> __class__: ...

    @property
    @record
    def value(self) -> Order: ...

@record
class Whole:
    held: Order
    missing: Missing

    def method(self, order: Order) -> Missing: ...

def make[T](kind):
    @record
    def inner(order: Order, other: kind, one: T) -> Missing: ...
    return inner

nested = make(int)
wrapped = record(functools.wraps(function)(lambda *args: None))

class Order: ...
class Later:
    def __class_getitem__(cls, item): return list[item]
"""


def made(record: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the function that the source creates, with a decorator."""
    space: dict[str, Any] = {"record": record, "functools": functools, "__name__": "lazily"}
    exec(compile(SOURCE, "lazily.py", "exec", dont_inherit=True), space)
    return space


def owners(space: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """All that has annotations, by name."""
    names = ("function", "coroutine", "generator", "agenerator", "nested", "wrapped", "Whole")
    yield from ((name, space[name]) for name in names)
    plain, whole = space["Plain"], space["Whole"]
    yield from ((f"Plain.{name}", getattr(plain, name)) for name in ("method", "static", "of_class"))
    yield "Plain.value", plain.__dict__["value"].fget
    yield "Whole.method", whole.method


def told(ask: Callable[[], Any]) -> str:
    """An answer as text, or what it failed of."""
    try:
        return repr(ask())
    except NameError as error:
        return f"NameError: {error}"


RECORDED, ORIGINAL = made(monitor), made(lambda target: target)


@pytest.mark.parametrize("name", [name for name, _ in owners(ORIGINAL)])
@pytest.mark.parametrize("format", FORMATS)
def test_annotations_in_every_format(name: str, format: annotationlib.Format) -> None:
    """Values, forward references and texts, by `annotationlib`, `inspect` and `typing`."""
    recorded, original = dict(owners(RECORDED))[name], dict(owners(ORIGINAL))[name]
    asked: list[Callable[[Any], Any]] = [
        lambda owner: annotationlib.get_annotations(owner, format=format),
        lambda owner: inspect.signature(owner, annotation_format=format),
        lambda owner: typing.get_type_hints(owner, format=format),
    ]
    for ask in asked:
        answer = told(lambda ask=ask: ask(recorded))
        assert _plain(answer) == _plain(told(lambda ask=ask: ask(original)))


def _plain(answer: str) -> str:
    """Without addresses: of forward references the owner is shown."""
    return re.sub(r"\b(0x)?[0-9a-f]{8,}\b", "…", answer)


@pytest.mark.parametrize("name", [name for name, _ in owners(ORIGINAL)])
def test_nothing_evaluates_them(name: str) -> None:
    """A decoration has not: names that come later are found when somebody asks."""
    recorded = dict(owners(RECORDED))[name]
    assert (recorded.__annotate__ is None) == (dict(owners(ORIGINAL))[name].__annotate__ is None)


def test_a_program_under_obsv_run(tmp_path: Path) -> None:
    """The import of a module goes on, and what it says of its annotations is what it would say."""
    source = SOURCE + textwrap.dedent("""
        import annotationlib, inspect
        asked = annotationlib.get_annotations, lambda owner, format: inspect.signature(owner, annotation_format=format)
        for format in annotationlib.Format:
            if format.name == "VALUE_WITH_FAKE_GLOBALS": continue
            for owner in (function, coroutine, generator, nested, Plain.method, Plain.of_class, Whole, Whole.method):
                for ask in asked:
                    try: print(owner.__qualname__, ask(owner, format=format))
                    except NameError as error: print(error)
    """)
    (tmp_path / "program.py").write_text("import functools\nrecord = lambda target: target\n" + source)
    plain, recorded = (
        subprocess.run(
            [sys.executable, *command, "program.py"],
            capture_output=True, text=True, cwd=tmp_path, timeout=100,
        )
        for command in ([], ["-m", "obsv", "run", "--db", "x.db"])
    )  # fmt: skip
    assert (recorded.returncode, plain.returncode) == (0, 0), recorded.stderr + plain.stderr
    assert _plain(recorded.stdout) == _plain(plain.stdout)
