"""Calls recorded by the compiled core: spans of OpenTelemetry, records in the ring."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compiled_calls import Begin, CompiledRing, End
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags, TraceState

from obsv.instrument.monitor import monitor
from obsv.record.ring import Bounds
from obsv.trace import recording as path
from obsv.trace.compiled import core, follow
from obsv.trace.context import SPAN_KEY, quiet
from obsv.trace.span import Span

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core was not built, or OBSV_CORE=py")


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[CompiledRing]:
    """A ring in files that the core writes into."""
    made = CompiledRing(tmp_path)
    yield made
    made.close()


def both(records: list[Begin | End]) -> tuple[list[Begin], list[End]]:
    """Begins and ends apart."""
    begins = [record for record in records if isinstance(record, Begin)]
    return begins, [record for record in records if isinstance(record, End)]


def test_call(ring):
    """A call has a begin with its arguments before its body runs, and an end with its result."""
    early: list[Any] = []

    def order(number, password, tags):
        early.extend(ring.records())
        return {"number": number, "token": "t"}

    before = time.perf_counter_ns()
    assert ring.recorded(order)(5, "hunter2", ["a", {"api_key": 1}]) == {"number": 5, "token": "t"}
    (begin,) = early
    (end,) = ring.records()
    assert begin.inputs == (5, (..., "***"), ["a", {"api_key": (..., "***")}])
    assert end.values == {"number": 5, "token": (..., "***")}
    assert end.span_id == begin.span_id != bytes(8)
    assert before <= begin.start <= end.end <= time.perf_counter_ns()
    assert begin.parent_id == bytes(8)
    assert (begin.depth, begin.caller, end.status, end.parts) == (0, None, 0, 1)
    assert begin.thread == (threading.get_ident(), threading.current_thread().name)
    assert abs(int.from_bytes(begin.trace_id[:6], "big") - time.time() * 1_000) < 60_000


def test_nested_calls(ring):
    """A call in a call has its trace, its id as parent, and names its function as caller."""
    inner = ring.recorded(lambda x: x)
    outer = ring.recorded(lambda x: inner(x) + inner(x))
    assert outer(2) == 4
    (first, *rest), ends = both(ring.records())
    assert [(each.trace_id, each.parent_id, each.depth) for each in rest] == [(first.trace_id, first.span_id, 1)] * 2
    assert {each.caller for each in rest} == {first.name}
    assert len({each.span_id for each in (first, *rest)}) == 3 == len(ends)
    assert context_api.get_current() == {}


def test_span_is_opentelemetrys(ring):
    """The current span passes for the SDK's, for ours, and has all of their methods."""
    seen: list[Any] = []

    def body(number, password):
        span = trace.get_current_span()
        seen.append(span)
        assert isinstance(span, (trace.Span, ReadableSpan, Span)[number])
        assert issubclass(type(span), trace.Span)
        assert span.is_recording()
        span.set_attribute("k", 1)
        span.add_event("event", {"e": 2})
        span.update_name("other")
        span.set_status(StatusCode.ERROR, "bad")
        assert span.attributes["obsv.input.number"] == str(number)
        assert span.attributes["obsv.input.password"] == "***"
        return [number]

    recorded = ring.recorded(body)
    for number in range(3):
        assert recorded(number, "hunter2") == [number]
    span = seen[-1]
    assert not span.is_recording()
    assert span.attributes["obsv.output.return"] == "[2]"
    assert (span.name, span.parent, span.kind) == ("other", None, trace.SpanKind.INTERNAL)
    assert span.get_span_context() == span.context
    assert span.end_time > span.start_time > 0
    assert '"name": "other"' in span.to_json()
    assert repr(span).startswith("Span('other', trace_id=")
    assert weakref.ref(span)() is span
    with pytest.raises(TypeError):
        type(span)()
    begins, ends = both(ring.records())
    # Their status makes them errors, which stand elsewhere, whole.
    assert {(end.status, end.parts, end.values) for end in ends} == {(2, 4, None)}
    wholes = ring.records(errors=True)
    assert [whole.begin for whole in wholes] == begins
    assert [whole.results for whole in wholes] == [([number],) for number in range(3)]
    assert {(whole.status, whole.failure) for whole in wholes} == {(2, None)}
    assert wholes[0].details[0] == {"k": 1}
    assert wholes[0].details[3:5] == ("other", "bad")


def test_real_context(ring):
    """The context of a call is OpenTelemetry's own, a copy of the caller's with the span in it."""
    seen: list[Any] = []
    recorded = ring.recorded(lambda: seen.append(context_api.get_current()))
    token = context_api.attach(context_api.set_value("mine", 5))
    try:
        recorded()
        assert context_api.get_current() == {"mine": 5}
    finally:
        context_api.detach(token)
    (context,) = seen
    assert type(context) is Context
    assert set(context) == {"mine", SPAN_KEY}
    assert context_api.get_value("mine", context) == 5
    with pytest.raises(ValueError, match=r"^$"):
        context["x"] = 1


def test_under_and_over_the_sdk(ring):
    """The SDK's spans nest under the core's calls and over them."""
    tracer = TracerProvider().get_tracer("test")
    inner = ring.recorded(lambda: None)
    contexts: list[SpanContext] = []

    def body():
        with tracer.start_as_current_span("sdk") as sdk:
            contexts.extend((sdk.parent, sdk.get_span_context()))
            inner()

    ring.recorded(body)()
    (outer, under), _ = both(ring.records())
    parent, sdk = contexts
    assert parent.span_id == int.from_bytes(outer.span_id, "big")
    assert under.parent_id == sdk.span_id.to_bytes(8, "big")
    assert under.trace_id == outer.trace_id == sdk.trace_id.to_bytes(16, "big")
    assert (under.depth, under.caller) == (1, None)


def test_under_a_remote_parent(ring):
    """A parent that came with a request gives its trace state on, which the end records."""
    state = TraceState([("vendor", "1")])
    remote = SpanContext(5 << 100, 7, True, TraceFlags(1), state)
    inner = ring.recorded(lambda: trace.get_current_span().get_span_context())
    outer = ring.recorded(lambda: inner())
    with trace.use_span(trace.NonRecordingSpan(remote)):
        assert outer().trace_state == state
    begins, ends = both(ring.records())
    assert {each.trace_id for each in begins} == {(5 << 100).to_bytes(16, "big")}
    assert begins[0].parent_id == (7).to_bytes(8, "big")
    # Only the first has a remote parent; both have the trace state.
    assert [end.values[1][5:7] for end in ends] == [("vendor=1", False), ("vendor=1", True)]


def test_under_pythons_span(ring):
    """A call under a span of Python's class belongs to it, and Python's span under one of the core's likewise."""
    inner = ring.recorded(lambda: None)
    parts: list[Any] = []

    def body():
        python = path.begin(ring.recorder(body).function, trace.get_current_span())
        python.inputs, python.start_tick = (), 1
        parts.append(python)
        token = context_api.attach(trace.set_span_in_context(python))
        inner()
        context_api.detach(token)

    ring.recorded(body)()
    (outer, under), _ = both(ring.records())
    (python,) = parts
    assert python.parent_id == int.from_bytes(outer.span_id, "big")
    assert (python.depth, python.caller.name) == (1, outer.name)
    assert under.parent_id == python.span_id.to_bytes(8, "big")
    assert (under.depth, under.caller) == (2, python.function.name)


def test_quiet(ring):
    """Under obsv's own work nothing is recorded."""
    with quiet():
        assert ring.recorded(lambda: 5)() == 5
    assert ring.records() == []


def test_bypass(ring):
    """While Python has to record, its own begin is called, and its span is finished by it."""
    path.recording.bypass = True
    assert ring.recorded(lambda x: x)(5) == 5
    assert ring.by_python == [(5,)]
    path.recording.bypass = False
    assert ring.recorder(lambda: None).finish("a span of Python's", 7) == 7
    assert ring.records() == []


def test_exception(ring):
    """An exception leaves the context as it was, and the call open for Python to end."""

    def bad():
        raise KeyError(1)

    with pytest.raises(KeyError):
        ring.recorded(bad)()
    assert context_api.get_current() == {}
    begins, ends = both(ring.records())
    assert (len(begins), ends) == (1, [])


def test_failed_call(ring):
    """A failed call stands whole among the errors, and the writer hears of it."""
    span = ring.recorder(lambda x, password: None).begin(5, "hunter2")
    span.leave()
    path.fail(span, KeyError("missing"), None)
    span.on_end(span)
    (begin,), (end,) = both(ring.records())
    assert (end.status, end.parts) == (2, 4)
    (whole,) = ring.records(errors=True)
    assert whole.begin == begin
    assert whole.begin.inputs == (5, (..., "***"))
    (frozen, locals_) = whole.failure
    assert (frozen[:2], locals_, whole.results) == (("KeyError", "'missing'"), None, ())
    assert whole.end == end.end >= begin.start
    assert (ring.writer.errors, ring.writer.ended) == (1, [])


def test_ended_in_another_ring(ring, tmp_path):
    """A call whose ring is not open any more is written by Python, with its result."""
    recorder = ring.recorder(lambda x: None)
    span = recorder.begin(5)
    core.close()
    assert recorder.finish(span, {"n": 1}) == {"n": 1}
    assert ring.writer.ended == [span]
    assert (span.inputs, span.result, span.ring) == ((5,), {"n": 1}, None)
    assert span.end_tick >= span.start_tick
    follow()
    assert ring.recorded(lambda: 7)() == 7
    assert len(ring.records()) == 3


def test_looks_around(ring):
    """About once a second a call that begins lets the writer see to the ring."""
    recorded = ring.recorded(lambda: None)
    recorded()
    assert ring.writer.looks == []
    deadline = time.monotonic() + 30
    while not ring.writer.looks and time.monotonic() < deadline:
        time.sleep(0.1)
        recorded()
    assert len(ring.writer.looks) == 1


def test_monitored_function(ring, monkeypatch):
    """Calls of `@monitor` functions go through the core if it is open: arguments, result, errors, generators."""
    monkeypatch.setattr(path.recording, "start", None)
    monkeypatch.setattr(path.recording, "off", False)
    seen: list[Any] = []

    @monitor
    def order(number, *rest, password="p", **more):
        seen.append(type(trace.get_current_span()))
        return list(numbers(number))

    @monitor
    def numbers(count):
        yield from range(count)

    @monitor
    async def failing(x):
        await asyncio.sleep(0)
        raise KeyError(x)

    assert order(2, 3, password="hunter2", token="t", y=[4]) == [0, 1]
    with pytest.raises(KeyError) as raised:
        asyncio.run(failing(7))
    assert seen == [core.Span]
    begins, ends = both(ring.records())
    assert begins[0].inputs == (2, (3,), (..., "***"), (("token", (..., "***")), ("y", [4])))
    assert [(end.parts, end.values) for end in ends] == [(1, [0, 1]), (4, None)]
    (whole,) = ring.records(errors=True)
    assert whole.begin.inputs == (7,)
    assert whole.failure[0][0] == "KeyError"
    # The generator is recorded by Python, under the span of the core.
    (python,) = ring.writer.ended
    assert python.parent_id == int.from_bytes(begins[0].span_id, "big")
    assert python.caller.name == begins[0].name
    assert [frame.name for frame in traceback.extract_tb(raised.tb)][-1] == "failing"
    assert context_api.get_current() == {}


def test_secret_results(ring, monkeypatch):
    """A result that is secret by the function's name does not reach the ring."""
    monkeypatch.setattr(path.recording, "start", None)

    @monitor
    def get_password(user):
        return "hunter2"

    assert get_password("ann") == "hunter2"
    (begin,), (end,) = both(ring.records())
    assert (begin.inputs, end.values) == (("ann",), (..., "***"))


def test_python_records_when_the_steps_change(ring):
    """As soon as somebody else listens to what begins or ends, Python records."""
    recorded = ring.recorded(lambda x: x)
    for step in ("on_start", "on_begin", "on_end"):
        before = getattr(path.recording, step)
        setattr(path.recording, step, lambda span: None)
        recorded(step)
        setattr(path.recording, step, before)
    assert ring.by_python == [("on_start",), ("on_begin",), ("on_end",)]
    recorded(5)
    assert len(ring.records()) == 2


def test_ended_by_hand(ring):
    """A span that the program ended is recorded once, with its own end time."""

    def body():
        trace.get_current_span().end(end_time=time.time_ns() + 10**9)
        return 5

    assert ring.recorded(body)() == 5
    _, (end,) = both(ring.records())
    assert (end.parts, end.values) == (0, None)


def test_keywords_and_order(ring):
    """Values are recorded in their order without the receiver, `**kwargs` last as pairs, secrets masked."""
    recorder = ring.recorder(
        lambda self, a, *args, **kwargs: None,
        order=(1, 2),
        masked=(False, False),
        keywords=3,
    )
    span = recorder.begin(object(), 1, (2, 3), {"x": 4, "password": "p", "ü": [5]})
    assert recorder.finish(span, None) is None
    (begin,), _ = both(ring.records())
    assert begin.inputs == (1, (2, 3), (("x", 4), ("password", (..., "***")), ("ü", [5])))
    assert span.inputs == begin.inputs


def test_by_pythons_freezers(ring):
    """With another serializer, Python's functions decide what is recorded."""
    recorder = ring.recorder(
        lambda x: None, freeze=lambda x: ((..., f"<{x}>"),), snapshot=lambda value: (..., repr(value)), encoder=None
    )
    recorder.finish(recorder.begin(5), {"a": 1})
    (begin,), (end,) = both(ring.records())
    assert (begin.inputs, end.values) == (((..., "<5>"),), (..., "{'a': 1}"))


def test_failing_freezer(ring):
    """A serializer that fails costs the record, never the call."""

    def broken(*_):
        raise LookupError

    recorder = ring.recorder(lambda x: None, freeze=broken, snapshot=broken, encoder=None)
    assert recorder.begin(5) is None
    recorder = ring.recorder(lambda x: None, freeze=lambda x: (x,), snapshot=broken, encoder=None)
    assert recorder.finish(recorder.begin(5), 7) == 7
    _, (end,) = both(ring.records())
    assert end.parts == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
@pytest.mark.parametrize("where", ["begin", "finish"])
def test_signal_handlers_exception(ring, where):
    """An exception of a signal handler at the start or end of a call reaches the program, and the context is left."""

    class TimeIsUp(Exception):
        pass

    def handler(*_):
        raise TimeIsUp

    def freeze(value):
        if where == value:
            signal.raise_signal(signal.SIGALRM)
        return (value,)

    recorded = ring.recorded(lambda x: "finish", freeze=freeze, snapshot=freeze, encoder=None)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(TimeIsUp):
            recorded("begin" if where == "begin" else "other")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert context_api.get_current() == {}
    begins, ends = both(ring.records())
    assert len(begins) == len(ends) == (where == "finish")


def test_tasks_keep_their_parent(ring):
    """Each task's calls belong to the call that made the task, however they take turns."""

    async def work(number):
        await asyncio.sleep(0)
        return number

    async def request(number):
        return await asyncio.gather(*(recorded_work(number) for _ in range(3)))

    recorded_work, recorded_request = ring.recorded(work), ring.recorded(request)

    async def main():
        return await asyncio.gather(*(recorded_request(number) for number in range(20)))

    assert asyncio.run(main()) == [[number] * 3 for number in range(20)]
    begins, ends = both(ring.records())
    parents = {begin.span_id: begin.inputs for begin in begins if begin.depth == 0}
    assert (len(parents), len(begins), len(ends)) == (20, 80, 80)
    assert all(parents[begin.parent_id] == begin.inputs for begin in begins if begin.depth == 1)


def test_closed_in_another_context(ring):
    """A coroutine that is closed elsewhere than it ran leaves no trace there."""

    @types.coroutine
    def once():
        yield

    async def forever():
        await once()

    coroutine = ring.recorded(forever)()
    contextvars.copy_context().run(coroutine.send, None)
    coroutine.close()
    assert context_api.get_current() == {}


def test_threads(ring):
    """Each thread is called what it is called, also where one takes the place of another."""

    def body(number):
        return threading.current_thread().name

    recorded = ring.recorded(body)
    for number in range(30):
        thread = threading.Thread(target=recorded, args=(number,), name=f"worker-{number}")
        thread.start()
        thread.join()
    begins, ends = both(ring.records())
    assert [(begin.thread[1], end.values) for begin, end in zip(begins, ends, strict=True)] == [
        (f"worker-{number}",) * 2 for number in range(30)
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork(ring):
    """The child of a fork writes nothing into its parent's ring, and has ids of its own."""
    recorded = ring.recorded(lambda: None)
    recorded()
    ring.records()
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        recorded()
        os.write(writing, bytes([core.is_open(), len(ring.by_python)]))
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reading, 2) == b"\0\1"
    os.close(reading)
    os.close(writing)
    assert ring.records() == []
    recorded()
    assert len(ring.records()) == 2


def test_segments_follow_each_other(ring):
    """Over many segments nothing is lost, whatever the size of a record."""
    recorded = ring.recorded(lambda text, number: text)
    for number in range(3_000):
        recorded("x" * (number % 1_500), number)
    recorded(["y" * 900] * 10, -1)
    begins, ends = both(ring.records())
    assert [begin.inputs[1] for begin in begins] == [*range(3_000), -1]
    assert [end.span_id for end in ends] == [begin.span_id for begin in begins]


def test_large_records(ring):
    """A record that is larger than a segment gets one that holds it."""
    text = "z" * 3_000_000
    recorded = ring.recorded(lambda x: x, freeze=lambda x: (x,), snapshot=lambda x: x, encoder=None)
    assert recorded(text) is text
    (begin,), (end,) = both(ring.records())
    assert begin.inputs == (text,)
    assert end.values == text


def test_full_ring(tmp_path):
    """Above the cap the oldest calls go, and are counted; the program goes on."""
    ring = CompiledRing(tmp_path, Bounds(max_bytes=1 << 20))
    try:
        recorded = ring.recorded(lambda text: None)
        for _ in range(20_000):
            recorded("x" * 200)
        ring.ring.close()
        dropped = ring.ring.calls.dropped
        _, ends = both(ring.records(is_final=True))
        assert len(ends) + dropped == 20_000
        assert dropped > 0
    finally:
        ring.close()


def test_no_leak(ring):
    """Calls leave no object behind, and no reference too many or too few."""
    shared, secret, result = {"a": [1, 2]}, "hunter2", {"n": [1]}
    quiet_inner = ring.recorded(lambda x, password: x)
    outer = ring.recorded(lambda x: (quiet_inner(x, secret), result)[1])

    def bad(x):
        raise KeyError

    failing = ring.recorded(bad)

    def rounds(count):
        for _ in range(count):
            outer(shared)
            with contextlib.suppress(KeyError):
                failing(shared)
        ring.records()

    rounds(2_000)
    gc.collect()
    watched = [shared, secret, result, None, True, outer, core.Span, core.Recorder, Context]
    counts, blocks = [sys.getrefcount(each) for each in watched], sys.getallocatedblocks()
    rounds(20_000)
    gc.collect()
    # From 3.12 on None and True are immortal; the free list keeps spans, and each its type.
    assert [
        (each, before)
        for each, before in zip(watched, counts, strict=True)
        if abs(sys.getrefcount(each) - before) > 300
    ] == []
    assert sys.getallocatedblocks() - blocks < 2_000


def test_recorder_is_collected(ring):
    """A function that nobody has any more goes, though it and its recorder refer to each other."""

    class Holder:
        def begin(self):
            return None

    holder: Any = Holder()
    holder.recorder = ring.recorder(lambda: None, begin=holder.begin)
    gone = weakref.ref(holder)
    del holder
    gc.collect()
    assert gone() is None


def test_deep_recursion(ring):
    """A program that may nest 40,000 calls may also do so when recorded."""

    def deep(number):
        return number and recorded(number - 1)

    recorded = ring.recorded(deep)
    results: list[Any] = []

    def run():
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(200_000)
        try:
            results.append(recorded(40_000))
        finally:
            sys.setrecursionlimit(limit)

    size = threading.stack_size(256 << 20)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(size)
    thread.join()
    assert results == [0]
    begins, ends = both(ring.records())
    assert (len(begins), len(ends)) == (40_001, 40_001)


def test_recursion_limit(ring):
    """At the recursion limit the program gets its own error, and the context is left."""

    def endless(number):
        return recorded(number + 1)

    recorded = ring.recorded(endless)
    with pytest.raises(RecursionError):
        recorded(0)
    assert context_api.get_current() == {}


def test_stress(tmp_path):
    """Threads, finalizers, freezers and signal handlers that record amid each other's records lose nothing."""
    program = [sys.executable, str(Path(__file__).with_name("compiled_stress.py")), str(tmp_path), "400"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 dropped" in done.stdout
