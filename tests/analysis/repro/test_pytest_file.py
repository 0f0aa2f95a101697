"""The pytest file of a recorded call: real functions are recorded, and their tests run."""

from __future__ import annotations

import ast
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from calls import traceback
from hypothesis import given
from hypothesis import strategies as st
from keepers import settle

import obsv
from obsv.analysis.repro import Repro, repro
from obsv.errors import InvalidQuery, NotFound
from obsv.store import Code, Reader
from obsv.store.spans.call import Call, Value, find_call, read_exact

PROGRAM = '''
"""What is recorded."""

import asyncio
import datetime
import decimal
import enum
import sys

import obsv
from obsv import monitor


class Colour(enum.Enum):
    RED = 1


class OutOfStock(Exception):
    pass


@monitor
def add(a: int, b: int = 2, *rest: int, scale: float = 1.0, **more: int) -> float:
    return (a + b + sum(rest) + sum(more.values())) * scale


@monitor
def price(amount: decimal.Decimal, day: datetime.date, colour: Colour) -> decimal.Decimal:
    return amount * (2 if colour is Colour.RED else 1)


@monitor
def sell(symbol: str, quantity: int) -> int:
    raise OutOfStock(f"no {symbol}: {quantity} wanted")


@monitor
def lookup(key: str) -> int:
    return {"a": 1}[key]


@monitor
def login(user: str, password: str) -> bool:
    raise PermissionError(f"password={password} is wrong for {user}")


@monitor
def notes(x: int) -> None:
    error = ValueError("first line\\nsecond line")
    raise error


@monitor
def leave(code: int) -> None:
    sys.exit(code)


@monitor
async def fetch(n: int) -> list:
    await asyncio.sleep(0)
    return [n, float("nan")]


@monitor
def count(n: int):
    yield from range(n)


@monitor
def break_down(n: int):
    yield n
    raise ValueError("half way")


@monitor
async def ticks(n: int):
    for number in range(n):
        yield number


@monitor
async def stop_ticks(n: int):
    yield n
    raise ValueError("no more")


@monitor
def describe(x: int) -> object:
    return Thing(x)


class Thing:
    def __init__(self, x: int) -> None:
        self.x = x

    @monitor
    def grow(self, by: int) -> int:
        return self.x + by

    @monitor
    @classmethod
    def make(cls, x: int) -> int:
        return x

    @staticmethod
    @monitor
    def half(x: int) -> float:
        return x / 2

    @monitor(capture={"args": "exact"})
    def fail(self, by: int) -> int:
        raise ValueError(f"{self.x} {by}")


@monitor(capture={"args": "exact"})
def keep(day: object, *rest: object, **more: object) -> None:
    raise KeyError(day)


@monitor(capture={"args": False})
def secret(x: int, y: int = 2) -> int:
    return x


@monitor
def long_text(text: str) -> int:
    return len(text)


def main(path: str) -> None:
    obsv.configure(db=path)

    async def use_ticks() -> None:
        async for _ in ticks(3):
            pass
        async for _ in stop_ticks(3):
            pass

    calls = [
        lambda: add(1), lambda: add(1, 5, 7, 8, scale=0.5, x=3), lambda: add(1, scale=2.0),
        lambda: price(decimal.Decimal("1.20"), datetime.date(2026, 1, 2), Colour.RED),
        lambda: sell("AAPL", 3), lambda: lookup("b"), lambda: login("ann", "hunter2"), lambda: notes(1),
        lambda: leave(3), lambda: asyncio.run(fetch(1)), lambda: list(count(3)), lambda: list(break_down(2)),
        lambda: asyncio.run(use_ticks()), lambda: describe(1), lambda: Thing(1).grow(2), lambda: Thing.make(3),
        lambda: Thing.half(3), lambda: Thing(4).fail(5), lambda: keep(datetime.date(2026, 1, 2), {1, 2}, x=b"y"),
        lambda: secret(1), lambda: long_text("x" * 5_000),
    ]
    for call in calls:
        try:
            call()
        except BaseException:
            pass
    obsv.shutdown()
'''
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(obsv.__file__).parents[1])}
# Which of the recorded calls need their inputs filled in.
PLACEHOLDERS = {
    "login": ("password",), "grow": ("self",), "secret": ("x",), "long_text": ("text",),
}  # fmt: skip


@pytest.fixture(scope="module")
def tests(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Repro]]]:
    """A directory with the program and the tests of all that it recorded, by function."""
    home = tmp_path_factory.mktemp("repro")
    (home / "program.py").write_text(PROGRAM)
    run = f"import program; program.main({str(home / 'obsv.db')!r})"
    subprocess.run([sys.executable, "-c", run], cwd=home, env=ENVIRONMENT, check=True, timeout=240)
    settle(home / "obsv.db")
    reader = Reader(home / "obsv.db")
    made: dict[str, list[Repro]] = {}
    for row in reader.query("select lower(hex(span_id)) as span_id from span order by id"):
        call = find_call(reader, row["span_id"])
        found = repro(call, read_exact(reader, call))
        made.setdefault(call.process.rpartition(".")[2], []).append(found)
        (home / found.file_name).write_text(found.source, encoding="utf-8")
    reader.close()
    return home, made


def test_tests_of_what_was_recorded_pass(tests: tuple[Path, dict[str, list[Repro]]]) -> None:
    """Every one that needs nothing filled in; the others say what is missing and fail."""
    home, made = tests
    report = home / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:dash", "-p", "no:cacheprovider", f"--junitxml={report}"]
    ran = subprocess.run(
        [*command, str(home)], cwd=home, env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=False
    )
    open_ = sum(len(each) for name, each in made.items() if name in PLACEHOLDERS)
    closed = sum(len(each) for name, each in made.items() if name not in PLACEHOLDERS)
    assert f"{open_} failed, {closed} passed" in ran.stdout, ran.stdout
    assert ran.stdout.count("Failed: Replace fill_in(") == open_


def test_what_has_to_be_filled_in_is_told(tests: tuple[Path, dict[str, list[Repro]]]) -> None:
    """Masked, truncated and unrecorded inputs are placeholders, and no others."""
    told = {name: each[0].placeholders for name, each in tests[1].items() if each[0].placeholders}
    assert told == PLACEHOLDERS


def test_a_secret_stays_out(tests: tuple[Path, dict[str, list[Repro]]]) -> None:
    """Its mask is all there is."""
    (login,) = tests[1]["login"]
    assert "hunter2" not in login.source
    assert "fill_in('password', '***')" in login.source


def test_a_pickle_comes_with_a_warning_in_the_first_lines(tests: tuple[Path, dict[str, list[Repro]]]) -> None:
    """And is loaded in the test function only."""
    (keep,) = tests[1]["keep"]
    assert keep.exact
    assert keep.source.startswith("# WARNING: this test loads a pickle")
    loads = [
        node for node in ast.walk(ast.parse(keep.source)) if isinstance(node, ast.Attribute) and node.attr == "loads"
    ]
    assert len(loads) == 1


def test_writing_the_file_loads_no_pickle() -> None:
    """Loading would create a file, which does not exist afterwards."""
    bomb = pickle.dumps(({}, {}))[:-1] + b"cos\n_exit\n(I1\ntR."
    found = repro(made_call("m.f", {}, exception="ValueError: x"), bomb)
    assert found.exact


def made_call(name: str, inputs: dict[str, str], **more: Any) -> Call:
    blank: dict[str, Any] = dict.fromkeys(Call._fields)
    values = [Value(key, "INPUT", text) for key, text in inputs.items()]
    values += [Value("return", "OUTPUT", more.pop("returned"))] if "returned" in more else []
    known = {
        "process": name,
        "service": "s",
        "trace_id": "0" * 32,
        "span_id": "1" * 16,
        "start_ns": 0,
        "detail": {},
        "scope": '{"name":"obsv"}',
    }
    status = 2 if more.get("exception") else 0
    return Call(**blank | known | {"status": status, "values": tuple(values)} | more)


ODD = st.text(max_size=30) | st.sampled_from(
    ["\n", "'''", '"""', "\\", "# x\nimport os", "a.b", "m.f", "__debug__.x", "m.__debug__", "__future__.annotations",
     "m.pytest", "m.None", "class", "<img src=x onerror=alert(1)>", "\r\n", "\x0c", "\u2028", "\ud800", "{x}", "%s",
     "OWNER"]
)  # fmt: skip
SOURCES = ODD | st.sampled_from(
    ["def f(a, b=1, *c, d, **e): ...", "async def f(x): ...", "def f(x):\n yield x", "async def f(x):\n yield x",
     "@classmethod\ndef f(cls, x): ...", "def f(a, /, *, class_): ..."]
)  # fmt: skip


@given(
    st.lists(ODD, min_size=1, max_size=4).map(".".join),
    st.dictionaries(ODD | st.sampled_from("abcdex"), ODD | st.integers().map(str), max_size=5),
    st.none() | ODD,
    st.none() | ODD,
    st.none() | st.builds(Code, ODD, st.integers(0, 9), SOURCES),
    st.none() | st.binary(max_size=40),
    ODD,
)
def test_the_file_is_valid_python_whatever_was_recorded(
    name: str, inputs: dict[str, str], returned: str | None, error: str | None, code: Code | None, exact: bytes | None,
    other: str,
) -> None:  # fmt: skip
    """And calls nothing but what such a test has to call: no recorded text becomes code."""
    more = {"returned": returned} if returned is not None else {}
    call = made_call(name, inputs, exception=error, code=code, service=other, detail={"statusMessage": other}, **more)
    found = repro(call, exact)
    tree = ast.parse(found.source.encode("utf-8", "strict"))
    compile(tree, found.file_name, "exec")
    assert {type(node) for node in tree.body} <= {
        ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.Assign, ast.Expr,
    }  # fmt: skip
    allowed = {
        "fill_in", "member", "as_recorded", "first", "drain", "recorded_function", "function", "type", "str", "list",
        "next", "float", "range", "slice", "frozenset", "set", "bytearray", "issubclass", "getattr", "render",
        "snapshot", *name.split("."),
    }  # fmt: skip
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called <= allowed


@given(st.text(max_size=80))
def test_a_comment_stays_one_line(text: str) -> None:
    """Whatever it says."""
    call = made_call("m.f", {}, service=text)
    assert not [node for node in ast.parse(repro(call).source).body if isinstance(node, ast.Expr)]


def test_a_message_that_was_masked_is_matched_around_the_mask() -> None:
    """The rest of it is still asked for."""
    source = repro(made_call("m.f", {}, exception=traceback("ValueError", "token=*** is old"))).source
    assert r"caught.match('(?s)token=.*\\ is\\ old')" in source


def test_foreign_values_are_texts() -> None:
    """A call whose inputs are JSON of another program can still be written down."""
    call = made_call("m.f", {})._replace(values=(Value("port", "INPUT", 80), Value("tags", "INPUT", ["a"])))
    assert json.dumps(["a"]) in repro(call).source


def test_of_another_instrumentation_there_is_nothing_to_call() -> None:
    """It says so instead of writing a test that cannot run."""
    with pytest.raises(InvalidQuery, match="other instrumentation"):
        repro(made_call("GET /orders", {}, scope='{"name":"http"}'))


def test_not_found_is_not_hidden(tmp_path: Path) -> None:
    """A span that is not there is an error of the reader, before any file is written."""
    from obsv.store import Writer

    Writer(tmp_path / "o.db").open()
    with pytest.raises(NotFound):
        find_call(Reader(tmp_path / "o.db"), "1")
