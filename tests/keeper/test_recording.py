"""From a ring to the store: every kind of record, and what becomes of calls that did not end."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from recorded import Program

from obsv.keeper import Options
from obsv.keeper.files import KeeperFiles
from obsv.keeper.work import DatabaseWork
from obsv.record import layout
from obsv.record.layout import check_of, place
from obsv.record.ring import Bounds
from obsv.record.values import dumps
from obsv.store import Reader


@pytest.fixture
def program(files: KeeperFiles) -> Program:
    return Program(files.rings)


@pytest.fixture
def work(files: KeeperFiles, program: Program) -> Iterator[DatabaseWork]:
    work = DatabaseWork(files, Options())
    yield work
    work.close()


def drain(work: DatabaseWork) -> None:
    """Do all there is to do."""
    while work.step():
        pass


def rows(files: KeeperFiles, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    reader = Reader(files.db)
    try:
        return [tuple(row) for row in reader.query(sql)]
    finally:
        reader.close()


def test_call_becomes_a_row(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """With its values, times and place."""
    function = program.function("shop.price", ("item", "count"))
    before = time.time_ns()
    program.call(function, ("tea", 2), {"total": 5.5})
    drain(work)
    assert rows(files, "select process, status, process_group, service, thread_id, depth from process_trace") == [
        ("shop.price", "OK", "shop", "shop", 7, 0)
    ]
    assert rows(files, "select data, data_type, data_value from data_trace order by data") == [
        ("count", "INPUT", "2"),
        ("item", "INPUT", "'tea'"),
        ("return", "OUTPUT", "{'total': 5.5}"),
    ]
    ((start_ns, duration_ns),) = rows(files, "select start_ns, duration_ns from span")
    assert before <= start_ns <= start_ns + duration_ns <= time.time_ns()


def test_caller_and_callee_belong_together(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """By ids, and in the rollups of callers."""
    outer, inner = program.function("shop.outer"), program.function("shop.inner")
    parent = program.begin(outer)
    child = program.begin(inner, parent=parent, caller=outer, depth=1)
    program.end(child, inner)
    program.end(parent, outer)
    drain(work)
    assert rows(files, "select process, parent_span_id, depth from process_trace order by depth") == [
        ("shop.outer", None, 0),
        ("shop.inner", parent.hex(), 1),
    ]


def test_failed_call_has_its_traceback(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """From the errors' lane, before and instead of what its end says."""
    function = program.function("shop.pay", ("amount",))
    try:
        raise ValueError("no money: password=geheim")
    except ValueError as error:
        program.fail(function, error, (12,))
    drain(work)
    ((status, exception, value),) = rows(
        files, "select p.status, p.exception, data_value from process_trace p join data_trace using(trace_id, span_id)"
    )
    assert status == "ERR"
    assert value == "12"
    assert exception.startswith("Traceback (most recent call last):\n")
    assert exception.endswith("ValueError: no money: password=***\n")


def test_errors_are_stored_before_successes(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """However many of those came first."""
    function = program.function("shop.pay")
    for _ in range(200):
        program.call(function)
    program.fail(function, ValueError("last"))
    work.step()
    assert rows(files, "select status, count(*) from process_trace group by 1") == [("ERR", 1)]
    drain(work)
    assert rows(files, "select status, count(*) from process_trace group by 1") == [("ERR", 1), ("OK", 200)]


def test_program_is_told_what_is_committed(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """The committed position for `force_flush` is published, even after records without rows."""
    function = program.function("shop.price")
    for _ in range(10):
        program.call(function)
    program.fail(function, ValueError("x"))
    program.begin(function)
    drain(work)
    about = program.ring.about
    assert about.calls_position == program.ring.calls.position
    assert about.errors_position == program.ring.errors.position
    assert about.stored == 11
    assert about.unreadable == 0


def test_segments_are_given_back(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """A call that runs all the time keeps none."""
    function = program.function("shop.price", ("text",))
    program.begin(function, ("runs on",))
    for _ in range(20_000):
        program.call(function, ("x" * 200,))
        if program.ring.calls.position % 50 == 0:
            work.step()
    drain(work)
    assert place(program.ring.calls.position)[0] > 3
    left = [name for name in os.listdir(str(program.ring.directory)) if name.startswith("calls.")]
    assert len([name for name in left if not name.endswith(layout.FREE)]) <= 2  # one is made in advance
    assert rows(files, "select count(*) from span") == [(20_000,)]
    program.close()
    drain(work)
    ((exception, value),) = rows(files, "select exception, data_value from data_trace where status = 'ERR'")
    assert "while this call was running" in exception
    assert value == "'runs on'"


def test_ended_program_is_stored_to_its_end_and_removed(
    files: KeeperFiles, program: Program, work: DatabaseWork
) -> None:
    """Nothing of it stays but rows."""
    function = program.function("shop.price")
    for _ in range(100):
        program.call(function)
    program.close()
    drain(work)
    assert rows(files, "select count(*) from span") == [(100,)]
    assert [name for name in os.listdir(files.rings) if not name.startswith("keeper.")] == []
    assert rows(files, "select count(*) from ring") == [(0,)]
    assert not work.is_needed()


def test_keyword_arguments_and_details(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """Rare parts of calls take the path of spans."""
    function = program.function("shop.search", ("query",), has_keywords=True)
    program.call(function, ("tea", (("limit", 3), ("sort", "price"))), 7)
    drain(work)
    assert rows(files, "select data, data_value from data_trace order by data") == [
        ("limit", "3"),
        ("query", "'tea'"),
        ("return", "7"),
        ("sort", "'price'"),
    ]


def test_foreign_span_is_a_row(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """By the rules for spans that come in over OTLP."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from obsv.trace.foreign_form import freeze_resource, freeze_scope, freeze_span

    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "web"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("http", "1").start_as_current_span("GET /", attributes={"http.response.status_code": 200}):
        pass
    (span,) = exporter.get_finished_spans()
    packed = dumps(freeze_span(span))
    place = freeze_resource(span.resource), freeze_scope(span.instrumentation_scope)
    origin = program.ring.names.number(layout.FOREIGN_ORIGINS, place)
    size = layout.SPAN_HEAD.size + len(packed)
    program.put(program.ring.calls, layout.SPAN_HEAD.pack(size, check_of(packed), layout.SPAN, 0, 0, origin) + packed)
    drain(work)
    assert rows(files, "select process, service, status from process_trace") == [("GET /", "web", "OK")]
    assert rows(files, "select data, data_type, data_value from data_trace") == [
        ("http.response.status_code", "OUTPUT", 200)
    ]


def test_end_before_its_begin(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """A program that drops old calls writes begins anew that reach into later segments."""
    function = program.function("shop.price")
    span = program.new_id()
    program.end(span, function, 5)
    number = int.from_bytes(span, "big")
    packed = dumps((1,))
    size = layout.BEGIN_HEAD.size + len(packed)
    start = time.perf_counter_ns()  # a call of long ago might be deleted already, as the store keeps six hours
    head = layout.BEGIN_HEAD.pack(
        size, check_of(packed), layout.BEGIN, 1, 1, 0, 0, number, number, 0, start, function, 0, program.thread, 0
    )
    program.put(program.ring.calls, head + packed)
    drain(work)
    assert rows(files, "select count(*) from span") == [(1,)]


def test_full_ring_counts_what_it_dropped(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """Made = stored + dropped, also where calls reach over the gap."""
    small = Program(files.rings, "small", Bounds(max_bytes=2 << 20))
    function = small.function("shop.price", ("text",))
    made = 20_000
    spans: list[bytes] = []
    for _ in range(made):
        spans.append(small.begin(function, ("x" * 300,)))
        if len(spans) > 5:
            small.end(spans.pop(0), function)
    for span in spans:
        small.end(span, function)
    small.ring.close()
    drain(work)
    ((stored,),) = rows(files, "select count(*) from span where status <> 2")
    assert small.ring.calls.dropped > 0
    assert stored + small.ring.calls.dropped == made
    assert rows(files, "select count(*) from span where status = 2") == [(0,)]


def test_two_programs_are_told_apart(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """Same function, different services."""
    other = Program(files.rings, "stock")
    program.call(program.function("lib.f"))
    other.call(other.function("lib.f"))
    drain(work)
    assert sorted(rows(files, "select service, process from process_trace")) == [("shop", "lib.f"), ("stock", "lib.f")]


def test_store_that_cannot_be_written_delays_and_loses_nothing(
    files: KeeperFiles, program: Program, work: DatabaseWork, caplog: pytest.LogCaptureFixture
) -> None:
    """The batch is kept; one line says so, and one that it is over."""
    import sqlite3

    function = program.function("shop.price")
    program.call(function)
    drain(work)
    blocker = sqlite3.connect(files.db, isolation_level=None)
    blocker.execute("begin immediate")
    program.call(function)
    work._again_at = 0.0
    assert not work.step()
    work._again_at = 0.0
    assert not work.step()
    program.call(function)
    blocker.execute("commit")
    blocker.close()
    work._again_at = 0.0
    drain(work)
    assert rows(files, "select count(*) from span") == [(3,)]
    messages = [record.message for record in caplog.records]
    assert len(messages) == 2, messages
    assert "stored later" in messages[0]
    assert "again" in messages[1]


def test_secrets_of_known_shapes_are_masked(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """Whatever their name: before anything is in the database, and where running calls are shown."""
    from obsv.keeper.looking import running

    function = program.function("shop.call", ("text",))
    secret = "AKIAIOSFODNN7EXAMPLE"
    program.call(function, (f"key {secret}",), [secret])
    program.begin(function, (secret,))
    ((shown,),) = [process.calls for process in running(files.db)]
    assert secret not in str(shown.inputs)
    drain(work)
    stored = str(rows(files, "select data from span"))
    assert "key " in stored
    assert secret not in stored


def test_whole_call_is_a_row(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """Of which nobody knew at its start that it would be recorded."""
    function = program.function("shop.price", ("item", "count"))
    span = program.new_id()
    packed = dumps((("tea", 2), (5.5,), None, None))
    program.put(program.ring.calls, program._begin(layout.CALL, span, function, packed, None, 0, 0, status=1) + packed)
    drain(work)
    assert rows(files, "select data, data_value, status from data_trace order by data") == [
        ("count", "2", "OK"),
        ("item", "'tea'", "OK"),
        ("return", "5.5", "OK"),
    ]


def test_a_program_that_is_far_ahead_keeps_nobody_waiting(
    files: KeeperFiles, program: Program, work: DatabaseWork
) -> None:
    """Rings take turns, so the first step stores what little another program has to store."""
    function = program.function("shop.many")
    for number in range(20_000):
        program.call(function, (number,), number)
    other = Program(files.rings, "other")
    other.call(other.function("shop.once"), (1,), 2)
    for _ in range(3):
        work.step()
    counted = dict(rows(files, "select service, count(*) from process_trace group by 1"))
    assert counted["other"] == 1
    assert counted["shop"] < 20_000
    other.close()


def test_recording_is_no_part_of_a_call(files: KeeperFiles, program: Program, work: DatabaseWork) -> None:
    """The END says how long the writing of the BEGIN took: start and duration are those of the call."""
    packed = dumps(())
    head = layout.BEGIN_HEAD.size, check_of(packed), layout.BEGIN, 1, program.origin, 0, 0, 7, 9, 0, 1_000
    function = program.function("shop.price", ())
    program.put(
        program.ring.calls,
        layout.BEGIN_HEAD.pack(head[0] + len(packed), *head[1:], function, 0, program.thread, 0) + packed,
    )
    program.put(program.ring.calls, layout.END_HEAD.pack(layout.END_HEAD.size, 1, layout.END, 0, 0, 0, 300, 9, 1_800))
    drain(work)
    assert rows(files, "select start_ns, duration_ns from span") == [(program.ring.about.offset + 1_300, 500)]
