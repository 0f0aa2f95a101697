"""Targets of recorded names."""

from __future__ import annotations

import pytest

from obsv.analysis.repro.target import KEYWORD_ONLY, KEYWORDS, PLAIN, POSITIONAL_ONLY, VARIADIC, target_of
from obsv.store.ground.rows import Code


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("shop.orders.place", "/srv/shop/orders.py", ("shop.orders", ("place",))),
        ("shop.orders.Book.match", "/srv/shop/orders.py", ("shop.orders", ("Book", "match"))),
        ("shop.orders.book.match", "/srv/shop/orders.py", ("shop.orders", ("book", "match"))),
        ("shop.place", "/srv/shop/__init__.py", ("shop", ("place",))),
        ("shop.place", r"C:\srv\shop\__init__.py", ("shop", ("place",))),
        ("shop.orders.place", "/elsewhere/renamed.py", ("shop.orders", ("place",))),
        ("shop.orders.Book.match", None, ("shop.orders", ("Book", "match"))),
    ],
)
def test_the_module_is_told_by_the_file(name: str, path: str | None, expected: tuple[str, tuple[str, ...]]) -> None:
    """Otherwise by the part that looks like a class."""
    target = target_of(name, Code(path, 1, "") if path else None)
    assert (target.module, target.path) == expected


@pytest.mark.parametrize(
    "name", ["f.<locals>.g", "m.<lambda>", "alone", "GET /orders", "a..b", "a.class.b", "", "__future__.x"]
)
def test_what_cannot_be_imported(name: str) -> None:
    """Functions inside functions, and whatever is no name."""
    assert target_of(name, None).module is None


def test_a_script_is_imported_by_its_file() -> None:
    """Its module was called `__main__`."""
    target = target_of("__main__.Job.run", Code("/srv/jobs/nightly.py", 1, ""))
    assert (target.module, target.path, target.script) == ("nightly", ("Job", "run"), "/srv/jobs/nightly.py")
    assert target_of("__main__.run", Code("<stdin>", 1, "")).module is None


def test_a_relative_script_is_not_imported() -> None:
    """It would be another file wherever the test is run."""
    for path in ("nightly.py", "../nightly.py", "~/nightly.py", "/srv/\njobs/nightly.py"):
        assert target_of("__main__.run", Code(path, 1, "")).module is None


def test_a_name_that_is_not_that_of_the_source_is_not_imported() -> None:
    """Its span was renamed while it ran."""
    assert target_of("subprocess.getoutput", Code("/srv/shop.py", 1, "def place(cmd): ...")).module is None


def test_parameters_are_read_from_the_source() -> None:
    """Kinds, defaults, and the names in annotations, also in those written as text."""
    source = """
    @monitor
    async def place(a, /, b: "Decimal | None", *rest: int, c: dt.date = None, **more) -> int:
        return [item async for item in b]
"""
    target = target_of("shop.place", Code("/srv/shop.py", 1, source))
    assert target.parameters is not None
    assert [each[:3] for each in target.parameters] == [
        ("a", POSITIONAL_ONLY, False), ("b", PLAIN, False), ("rest", VARIADIC, True), ("c", KEYWORD_ONLY, True),
        ("more", KEYWORDS, True),
    ]  # fmt: skip
    assert [set(each.annotation) for each in target.parameters] == [set(), {"Decimal"}, {"int"}, {"dt", "date"}, set()]
    assert (target.is_async, target.is_generator) == (True, False)


@pytest.mark.parametrize(
    ("source", "is_generator"),
    [
        ("def f():\n    yield 1\n", True),
        ("def f():\n    x = yield from g()\n", True),
        ("def f():\n    def g():\n        yield 1\n    return g\n", False),
        ("def f():\n    return lambda: (yield)\n", False),
    ],
)
def test_generators(source: str, is_generator: bool) -> None:
    """A yield of its own makes one, that of a function inside does not."""
    assert target_of("m.f", Code("m.py", 1, source)).is_generator is is_generator


def test_what_a_class_method_is_bound_to_is_no_parameter() -> None:
    """Of a static method there is nothing to leave out."""
    by_class = target_of("m.C.f", Code("m.py", 1, "@monitor\n@classmethod\ndef f(cls, a): ...\n"))
    static = target_of("m.C.f", Code("m.py", 1, "@staticmethod\ndef f(a): ...\n"))
    assert [[each.name for each in target.parameters or ()] for target in (by_class, static)] == [["a"], ["a"]]
    assert by_class.is_class_method


@pytest.mark.parametrize("source", ["", "f = lambda: 1\n", "def f(:\n", "x\x00", "(" * 5_000, "class C: ...\n"])
def test_source_that_is_no_function(source: str) -> None:
    """Tells nothing of parameters."""
    assert target_of("m.f", Code("m.py", 1, source)).parameters is None
