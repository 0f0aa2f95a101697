"""The lane of a second exporter: bounded, errors first, never in the way."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import StatusCode

from obsv.exporters.lane import Lane, LogLane
from obsv.trace.breaker import CircuitBreaker
from obsv.trace.log_record import LogRecord

WAIT_S = 20


class Collector(SpanExporter):
    """An exporter that keeps what it gets, and fails or hangs as the test wants."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.outcome: Callable[[], SpanExportResult] = lambda: SpanExportResult.SUCCESS
        self.entered = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self.is_shut_down = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.entered.set()
        assert self.open.wait(WAIT_S)
        self.batches.append([span.name for span in spans])
        return self.outcome()

    def shutdown(self) -> None:
        self.is_shut_down.set()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.open.set()


def lane_to(collector: SpanExporter, **settings: object) -> Lane:
    return Lane(collector, "http://collector:4318", **{"schedule_delay_s": 60.0, **settings})  # type: ignore[arg-type]


def record(lane: Lane, *names: str, **provider: object) -> None:
    """Spans through a provider; a name that begins with E is an error."""
    made = TracerProvider(shutdown_on_exit=False, **provider)  # type: ignore[arg-type]
    made.add_span_processor(lane)
    tracer = made.get_tracer("test")
    for name in names:
        span = tracer.start_span(name)
        if name.startswith("E"):
            span.set_status(StatusCode.ERROR)
        span.end()


def test_flush_sends_errors_first(collector: Collector) -> None:
    """Waiting spans are sent, errors first."""
    lane = lane_to(collector)
    record(lane, "a", "E1", "b")
    assert lane.force_flush()
    assert collector.batches == [["E1", "a", "b"]]
    assert lane.exported == 3
    lane.shutdown()


def test_batches_are_bounded(collector: Collector) -> None:
    """No export has more spans than the setting."""
    lane = lane_to(collector, max_export_batch_size=2)
    record(lane, *"abcde")
    assert lane.force_flush()
    assert sorted(map(len, collector.batches)) == [1, 2, 2]
    lane.shutdown()


def test_full_batch_is_sent_at_once(collector: Collector) -> None:
    """A full batch does not wait for the schedule."""
    lane = lane_to(collector, max_export_batch_size=2)
    record(lane, *"abcd")
    assert collector.entered.wait(WAIT_S)
    lane.shutdown()


def test_unsampled_spans_are_left_out(collector: Collector) -> None:
    """Spans that are not sampled are not sent."""
    lane = lane_to(collector)
    record(lane, "a", sampler=ALWAYS_OFF)
    assert lane.force_flush()
    assert collector.batches == []
    lane.shutdown()


def test_hanging_collector_costs_only_the_oldest(collector: Collector) -> None:
    """While the exporter hangs the queue keeps the latest spans, and errors beside them; nothing waits."""
    lane = lane_to(collector, max_queue_size=3, max_export_batch_size=1)
    collector.open.clear()
    record(lane, "first", "second")
    assert collector.entered.wait(WAIT_S)
    record(lane, *"abcdefgh", "E1", "E2")
    assert lane.depth == 5
    collector.open.set()
    assert lane.force_flush()
    sent = [name for batch in collector.batches for name in batch]
    assert sent[1:3] == ["E1", "E2"]
    assert sent[-3:] == ["f", "g", "h"]
    assert lane.exported + lane.dropped == 12
    lane.shutdown()


def test_flush_of_a_hanging_collector_ends(collector: Collector) -> None:
    """A flush that cannot finish returns False in time."""
    lane = lane_to(collector)
    collector.open.clear()
    record(lane, "a")
    assert not lane.force_flush(50)
    collector.open.set()
    lane.shutdown()


def test_shutdown_of_a_hanging_collector_ends(collector: Collector) -> None:
    """A shutdown that cannot finish gives up in time; what ends later is dropped and counted."""
    lane = lane_to(collector, max_export_batch_size=1)
    collector.open.clear()
    record(lane, "a", "b", "c")
    assert collector.entered.wait(WAIT_S)
    lane.shutdown(50)
    record(lane, "late")
    assert lane.depth == 0
    assert lane.dropped >= 2
    assert collector.is_shut_down.wait(WAIT_S)


def test_refused_batch_is_dropped(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    """A batch that is refused is not tried again; the log says once how to send it later."""
    lane = lane_to(collector)
    collector.outcome = lambda: SpanExportResult.FAILURE
    record(lane, "a")
    assert not lane.force_flush()
    record(lane, "b")
    assert not lane.force_flush()
    assert (lane.dropped, lane.depth) == (2, 0)
    assert caplog.text.count("obsv forward --to http://collector:4318") == 1
    collector.outcome = lambda: SpanExportResult.SUCCESS
    record(lane, "c")
    assert lane.force_flush()
    lane.shutdown()


def test_raising_exporter_is_a_failure(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    """An exception of the exporter is logged, and the lane continues."""

    def fail() -> SpanExportResult:
        raise ConnectionError("lies")

    lane = lane_to(collector)
    collector.outcome = fail
    record(lane, "a")
    assert not lane.force_flush()
    assert "ConnectionError: lies" in caplog.text
    collector.outcome = lambda: SpanExportResult.SUCCESS
    record(lane, "b")
    assert lane.force_flush()
    lane.shutdown()


def test_failing_collector_is_left_alone(collector: Collector) -> None:
    """After some failures in a row spans wait without attempts; a flush makes one."""
    now = [0.0]
    lane = lane_to(collector, breaker=CircuitBreaker(2, 30.0, clock=lambda: now[0]), max_export_batch_size=1)
    collector.outcome = lambda: SpanExportResult.FAILURE
    for name in "ab":
        record(lane, name)
        lane.force_flush()
    record(lane, *"cdef")
    attempts = len(collector.batches)
    assert attempts == 2
    collector.outcome = lambda: SpanExportResult.SUCCESS
    assert lane.force_flush()
    assert len(collector.batches) == 6
    lane.shutdown()


def test_shutdown_sends_what_waits(collector: Collector) -> None:
    """A shutdown sends what waits, and a second does nothing."""
    lane = lane_to(collector)
    record(lane, "a")
    lane.shutdown()
    lane.shutdown()
    assert collector.batches == [["a"]]
    assert collector.is_shut_down.is_set()


def test_unused_lane_has_no_thread(collector: Collector) -> None:
    """A lane that got no span starts no thread."""
    before = threading.active_count()
    lane = lane_to(collector)
    assert lane.force_flush()
    assert threading.active_count() == before
    lane.shutdown()


def test_on_end_never_raises(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    """An object that is not a span is logged."""
    lane = lane_to(collector)
    with caplog.at_level(logging.ERROR, "obsv"):
        lane.on_end(object())  # type: ignore[arg-type]
    assert "could not be queued" in caplog.text
    lane.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_child_of_a_fork_sends_its_own(collector: Collector) -> None:
    """After a fork the child starts with an empty queue and a thread of its own."""
    lane = lane_to(collector)
    record(lane, "parent")
    child = os.fork()
    if child == 0:
        record(lane, "child")
        os._exit(0 if lane.force_flush() and collector.batches == [["child"]] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lane.force_flush()
    assert collector.batches == [["parent"]]
    lane.shutdown()


class Written:
    """Takes log records; keeps their names."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def export(self, records: Sequence[LogRecord], /) -> SpanExportResult:
        self.batches.append([record.event_name for record in records])
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


def _log(name: str, severity: int, is_kept: bool = False) -> LogRecord:
    return LogRecord(InstrumentationScope("x"), 1, severity, "", name, None, (), 0, 0, None, (1, "t"), None, is_kept)


def test_errors_and_decisions_among_log_records_go_first() -> None:
    """By SeverityNumber from 17 on; what is kept like an error is sent like one."""
    written = Written()
    lane = LogLane(written, "http://collector:4318", schedule_delay_s=60.0)
    for record_ in (_log("info", 9), _log("error", 17), _log("decision", 9, is_kept=True), _log("warn", 16)):
        lane.on_log(record_)
    assert lane.force_flush(WAIT_S * 1_000)
    assert written.batches == [["error", "decision", "info", "warn"]]
    lane.shutdown()
