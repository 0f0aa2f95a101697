"""Whole programs under both cores: what is stored of a program is the same, whoever recorded it."""

import os
import re
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import without_delay

from obsv.record.core import compiled

pytestmark = pytest.mark.skipif(compiled is None, reason="the compiled core was not built, or OBSV_CORE=py")

# Long enough for a loaded machine and a core that checks its memory.
PATIENCE_S = 240
SUPPORT = Path(__file__).parents[1] / "support"
START = """
import contextlib, os, sys, threading
import obsv
from obsv.trace.compiled import core

monitor = obsv.monitor

@monitor
def first():
    '''Starts the pipeline: from the next call on the core records.'''

first()

@monitor
def leaf(number, password="p", *rest, **more):
    return {"number": number, "token": "t", "rest": rest}

@monitor
def bad(number):
    raise ValueError(f"no {number}, password=hunter2")

"""
# Last, so that a core that gave up half-way shows; the flush, so that all is committed when the program ends.
END = """
assert (core is not None and core.is_open()) == (os.environ["OBSV_CORE"] == "c" and not os.environ.get("BY_PYTHON"))
assert obsv.force_flush(120)
"""
STORIES: dict[str, str] = {}

STORIES["nested calls and errors"] = """
@monitor
def middle(number):
    with contextlib.suppress(ValueError):
        bad(number)
    return [leaf(number, color="green", api_key=5), leaf(number, "x", 1, 2)]

@monitor
def caught_above(number):
    bad(number)

@monitor(capture={"locals": True})
def with_locals(secret, count):
    wanted = [count] * 3
    return 1 / count

@monitor
def chained(number):
    try:
        bad(number)
    except ValueError as error:
        raise KeyError("outer") from error

class Ends(BaseException): ...

@monitor
def stops():
    raise Ends

@monitor
def exits():
    sys.exit(3)

for number in range(30):
    middle(number)
    for each in (caught_above, chained, lambda n: with_locals("s", 0)):
        with contextlib.suppress(Exception):
            each(number)
with contextlib.suppress(Ends):
    stops()
with contextlib.suppress(SystemExit):
    exits()
"""

STORIES["all kinds of values"] = """
import random_values

@monitor
def echo(value, **more):
    return value

@monitor(serializer="repr")
def by_repr(value):
    return value

@monitor(max_repr=50)
def short(value):
    return value

@monitor(sensitive_fields=("number",))
def own_words(number, other):
    return {"number": 1, "other": other}

@monitor(capture={"args": False})
def only_result(value):
    return value

@monitor(capture={"result": False})
def only_arguments(value):
    return value

@monitor
def get_password(value):
    return value

values = random_values.RandomValues(5)
for _ in range(400):
    value = values.value()
    echo(value, more=value)
    for each in (by_repr, short, only_result, only_arguments, get_password):
        each(value)
own_words({"number": 2}, [1])
for number in (0, 10**18, -10**18, 2**63, 10**400, 0.1, float("nan"), True, None, 1j, "x" * 5_000, b"y" * 2_000):
    echo(number)
"""

STORIES["kinds of functions"] = """
import functools

class Shop:
    @monitor
    def sell(self, item, /, count=1, *, price):
        return count * price

    @monitor
    @classmethod
    def named(cls, name):
        return name

    @monitor
    @staticmethod
    def plain(value):
        return value

    @property
    @monitor
    def total(self):
        return 7

@monitor
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

@monitor
def numbers(count):
    for number in range(count):
        leaf(number)
        yield number
    return "end"

@monitor
def delegating(count):
    yield from numbers(count)

partial = monitor(functools.partial(leaf, 5, color="red"))

@monitor(capture={"cpu": True, "memory": False})
def measured(x):
    return leaf(x)

@monitor(capture={"args": "exact"})
def exact(x):
    raise LookupError(x)

shop = Shop()
shop.sell("tea", price=3)
shop.sell("tea", 2, price=3)
Shop.named("n"), Shop.plain(4), shop.total
fib(9)
assert list(delegating(5)) == [0, 1, 2, 3, 4]
early = numbers(5)
next(early)
early.close()
partial()
measured(3)
with contextlib.suppress(LookupError):
    exact(5)
def many(count):
    scope = {"monitor": monitor}
    exec(f"@monitor\\ndef wide({', '.join(f'a{n}' for n in range(count))}): return {count}", scope)
    scope["wide"](*range(count))
for count in (0, 1, 63, 64, 65, 100):
    many(count)
try:
    leaf()
except TypeError:
    pass
"""

STORIES["asyncio"] = """
import asyncio, types

@monitor
async def work(number):
    await asyncio.sleep(0)
    if number % 5 == 4:
        await failing(number)
    return leaf(number)

@monitor
async def failing(number):
    raise KeyError(number)

@monitor
async def request(number):
    found = await asyncio.gather(*(work(number + each) for each in range(5)), return_exceptions=True)
    return len(found)

@monitor
async def items(count):
    for number in range(count):
        await asyncio.sleep(0)
        yield leaf(number)

@monitor
def promised(number):
    return work(number)

@monitor
def scheduled(number):
    return asyncio.ensure_future(work(number))

@monitor
def never(number):
    return work(number)

@monitor
async def cancelled():
    await asyncio.sleep(100)

@types.coroutine
def once():
    yield

@monitor
async def forever():
    await once()

async def main():
    await asyncio.gather(*(request(number) for number in range(10)))
    assert [item["number"] async for item in items(4)] == [0, 1, 2, 3]
    await promised(0)
    await scheduled(1)
    with contextlib.suppress(KeyError):
        await promised(4)
    with contextlib.suppress(KeyError):
        await scheduled(4)
    never(0).close()
    task = asyncio.ensure_future(cancelled())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

asyncio.run(main())
coroutine = forever()
coroutine.send(None)
coroutine.close()
"""

STORIES["results that go on"] = """
import asyncio, concurrent.futures

class Awaited:
    def __init__(self, value):
        self.value = value
    def __await__(self):
        leaf(self.value)
        yield
        return self.value

class OwnFuture(concurrent.futures.Future): ...
class Future: ...

@monitor
def awaited(value):
    return Awaited(value)

@monitor
def future(value):
    made = OwnFuture()
    made.set_result(value)
    return made

@monitor
def broken(value):
    made = concurrent.futures.Future()
    made.set_exception(ValueError("late"))
    return made

@monitor
def not_one(value):
    return Future()

@monitor
def numbers(value):
    return (each for each in range(value))

@monitor
def get_password():
    made = concurrent.futures.Future()
    made.set_result("hunter2")
    return made

async def main():
    assert await awaited(5) == 5

asyncio.run(main())
future({"a": [1], "password": 2}).result(), broken(2).exception(), get_password().result()
not_one(3)
assert list(numbers(4)) == [0, 1, 2, 3]
late = future(1)
with concurrent.futures.ThreadPoolExecutor(1, "pool") as pool:
    submit = monitor(lambda number: pool.submit(leaf, number))
    assert [submit(number).result()["number"] for number in range(3)] == [0, 1, 2]
"""

STORIES["threads"] = """
import contextvars, concurrent.futures

@monitor
def outer(number):
    for each in range(20):
        leaf(each)
        if each % 7 == 0:
            with contextlib.suppress(ValueError):
                bad(each)

threads = [threading.Thread(target=outer, args=(number,), name=f"worker-{number}") for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()

@monitor
def with_pool():
    context = contextvars.copy_context()
    with concurrent.futures.ThreadPoolExecutor(1, "pool") as pool:
        pool.submit(context.run, outer, 5).result()
with_pool()
"""

STORIES["spans of the SDK"] = """
from opentelemetry import context as context_api, trace
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags, TraceState

tracer = trace.get_tracer("other")

@monitor
def outer(number):
    span = trace.get_current_span()
    span.set_attribute("k", number)
    span.add_event("event", {"password": "hunter2"})
    with tracer.start_as_current_span("inside", attributes={"n": number}):
        leaf(number)
    if number == 1:
        span.set_status(StatusCode.ERROR, "bad")
    if number == 2:
        span.update_name("renamed")
    if number == 3:
        span.end()
    if number == 4:
        span.record_exception(KeyError("seen"))
    return number

with tracer.start_as_current_span("outside"):
    for number in range(6):
        outer(number)
for sampled in (0, 1):
    state = TraceState([("vendor", "1")])
    remote = SpanContext((5 << 100) + sampled, 7, True, TraceFlags(sampled), state)
    with trace.use_span(trace.NonRecordingSpan(remote)):
        outer(7)
with trace.use_span(trace.INVALID_SPAN):
    outer(8)
token = context_api.attach(context_api.set_value("mine", 5))
outer(9)
context_api.detach(token)
other = trace.get_current_span()
assert not other.is_recording()
"""

STORIES["sampled out"] = """
@monitor(sample_rate=0.0)
def rarely(number):
    leaf(number)
    if number == 2:
        bad(number)
    return number

for number in range(5):
    with contextlib.suppress(ValueError):
        rarely(number)
"""

STORIES["forks"] = """
@monitor
def parent(number):
    leaf(number)
    child = os.fork()
    leaf(number + 1)
    if child:
        os.waitpid(child, 0)
        return "parent"
    return "child"

if parent(1) == "child":
    leaf(3)
    with contextlib.suppress(ValueError):
        bad(4)
    assert (core is not None and core.is_open()) == (os.environ["OBSV_CORE"] == "c")
    assert obsv.force_flush(60)
    os._exit(0)
leaf(5)
"""

STORIES["another processor"] = """
os.environ["BY_PYTHON"] = "1"
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()

@monitor
def joined(number):
    leaf(number)
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
    leaf(number + 1)

joined(1)
leaf(3)
# What begins from here on is seen; `joined` had begun.
assert [span.name for span in exporter.get_finished_spans()].count("__main__.leaf") == 2
"""

STORIES["deep recursion"] = """
@monitor
def deep(number):
    return number and deep(number - 1)

deep(400)
"""

STORIES["functions sent to other places"] = """
import copy, pickle

class Late:
    def __del__(self):
        leaf("from a finalizer")

@monitor
def drops():
    late = Late()
    cycle = [late]
    cycle.append(cycle)

drops()
import gc; gc.collect()
copied = copy.copy(leaf)
copied(1)
pickle.loads(pickle.dumps(leaf))(2)
"""


@pytest.fixture
def rows(tmp_path: Path) -> Callable[[str, str, str], Counter[Any]]:
    """Return the stored rows of a program."""

    def run(source: str, core: str, mode: str) -> Counter[Any]:
        directory = tmp_path / core
        directory.mkdir()
        program, db = tmp_path / "program.py", directory / "calls.db"
        program.write_text(textwrap.dedent(source + END))
        paths = [str(SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])]  # `make sanitize` has a build there
        own = {"OBSV_DB": str(db), "OBSV_WRITER": mode, "OBSV_CORE": core, "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(program)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **own},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert without_delay(done.stderr) == ""
        return _rows(db)

    return run


def _rows(db: Path) -> Counter[Any]:
    """All of it but ids, times and addresses; a call names its ancestors by what they are called."""
    connection = sqlite3.connect(db)
    columns = "trace_id, span_id, parent_span_id, process, status, depth, exception, process_group"
    calls = connection.execute(f"select {columns} from process_trace").fetchall()
    rest_of = {
        span: tuple(map(_comparable, rest))
        for span, *rest in connection.execute(
            "select lower(hex(span_id)), name, detail, cpu_ns > 0"
            " from span left join thread on thread.id = span.thread_id"
        )
    }
    found = connection.execute("select trace_id, span_id, data_type, data, data_value from data_trace").fetchall()
    connection.close()
    names = {(call[0], call[1]): call[3] for call in calls}
    values: dict[Any, list[Any]] = {}
    for trace_id, span_id, *rest in found:
        if rest[1].startswith("obsv.left_out.") and rest[1] != "obsv.left_out.calls":
            continue  # how long these took
        values.setdefault((trace_id, span_id), []).append(tuple(map(_comparable, rest)))
    return Counter(
        (
            names.get((trace, parent), parent and "?"),
            *map(_comparable, rest),
            rest_of[span],
            tuple(values.get((trace, span), ())),
        )
        for trace, span, parent, *rest in calls
    )


def _comparable(value: Any) -> Any:
    """A text without addresses, times and ids."""
    return (
        re.sub(r"0x[0-9a-f]{6,}|0x[0-9a-f]*(?=…)|\d{18,19}|process \d+", "…", value)
        if isinstance(value, str)
        else value
    )


# Ends at once: a collector that is always at work holds up who stores the calls.
FINALIZERS = """
import gc, random

@monitor
def small(number):
    return number

class Finalized:
    def __del__(self):
        small(-1)

def garbage():
    cycle = [Finalized()]
    cycle.append(cycle)

@monitor
def outer():
    for number in range(20_000):
        garbage()
        gc.set_threshold(numbers.randint(1, 40), 1, 1)
        small(number)

numbers = random.Random(1)
small(0)
obsv.force_flush(120)
outer()
os._exit(0)
"""


@pytest.mark.parametrize("core", ["py", "c"])
def test_finalizers_while_the_context_is_set(tmp_path: Path, core: str) -> None:
    """Before Python 3.12 the collector, and with it a recorded call, comes in the middle of setting a variable."""
    own = {"OBSV_DB": str(tmp_path / "calls.db"), "OBSV_WRITER": "thread", "OBSV_CORE": core}
    command = [sys.executable, "-W", "ignore", "-c", START + FINALIZERS]
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr


GREEN = {
    "gevent": """
from gevent import monkey
monkey.patch_all()
import gevent
pause = gevent.sleep
def run(function):
    gevent.joinall([gevent.spawn(function, number) for number in range(20)])
""",
    "eventlet": """
import eventlet
eventlet.monkey_patch()
pause = eventlet.sleep
def run(function):
    list(eventlet.GreenPool(20).imap(function, range(20)))
""",
}
GREEN_STORY = """
@monitor
def inner(number):
    pause(0)
    return number

@monitor
def outer(number):
    threading.current_thread().name = f"green-{number}"
    pause(0)
    return [inner(number), inner(number + 1), threading.current_thread().name]

run(outer)
"""


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="greenlets copy stacks about")
@pytest.mark.parametrize("patch", GREEN)
@pytest.mark.parametrize("is_first", [True, False], ids=["patched first", "imported first"])
def test_green_threads(rows: Callable[[str, str, str], Counter[Any]], patch: str, is_first: bool) -> None:
    """Each is the thread that it is by Python's account, also where several are one to the core."""
    source = GREEN[patch] + START + GREEN_STORY if is_first else START + GREEN[patch] + GREEN_STORY
    by_python, by_c = (rows(source, core, "thread") for core in ("py", "c"))
    assert by_c - by_python == by_python - by_c == Counter()
    assert sum(by_c.values()) == 61


BOTH_ENDS = """
@monitor
def runs():
    if os.fork():
        os.wait()
        raise ValueError("in the parent")
    leaf(1)
    return "child"

with contextlib.suppress(ValueError):
    if runs() == "child":
        assert obsv.force_flush(60)
        os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("core", ["py", "c"])
def test_a_call_that_ends_in_both_processes_of_a_fork(rows: Callable[[str, str, str], Counter[Any]], core: str) -> None:
    """Each end is there: the parent's as the call, the child's as a call below it."""
    ends = [row for row in rows(START + BOTH_ENDS, core, "thread") if row[1] == "__main__.runs"]
    assert sorted((str(row[0]), row[2]) for row in ends) == [("None", "ERR"), ("__main__.runs", "OK")]


@pytest.mark.parametrize("story", STORIES)
def test_the_same_is_stored(rows: Callable[[str, str, str], Counter[Any]], story: str) -> None:
    """Of one program, by both cores."""
    if story == "forks" and not hasattr(os, "fork"):
        pytest.skip("needs fork")
    by_python, by_c = (rows(START + STORIES[story], core, "thread") for core in ("py", "c"))
    assert by_c - by_python == by_python - by_c == Counter()
    assert sum(by_c.values()) > 3
